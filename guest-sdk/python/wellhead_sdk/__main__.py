"""`python -m wellhead_sdk build MODULE.py`."""

import sys

from .build import main

sys.exit(main(sys.argv[1:]))
