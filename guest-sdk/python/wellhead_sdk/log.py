"""Python's `logging` in a guest: records become lines of the host's log, with the refId of the query they belong to.

Everything from `DEBUG` up goes to the host, which filters, limits and blanks secrets. A record's `extra` becomes fields.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar

from . import host

_LEVELS = (
    (logging.ERROR, host.Level.ERROR),
    (logging.WARNING, host.Level.WARN),
    (logging.INFO, host.Level.INFO),
    (logging.DEBUG, host.Level.DEBUG),
)

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}

fields: ContextVar[dict[str, str]] = ContextVar("fields", default={})
"""What every line of the running query bears."""


class HostHandler(logging.Handler):
    """Hands records to the host."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = self.format(record)
            pairs = {**fields.get(), **{k: str(v) for k, v in vars(record).items() if k not in _OWN}}
        except Exception as error:  # A line that cannot be written is no reason to fail.
            message, pairs = f"{record.msg} ({error})", {}
        level = next((level for least, level in _LEVELS if record.levelno >= least), host.Level.TRACE)
        host.current().log(level, record.name, message, list(pairs.items()))


def install() -> None:
    """Makes the records of this guest lines of the host's log. A second call changes nothing."""
    root = logging.getLogger()
    if not any(isinstance(handler, HostHandler) for handler in root.handlers):
        handler = HostHandler()
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
    # asyncio has nothing to say to operators.
    logging.getLogger("asyncio").setLevel(logging.WARNING)
