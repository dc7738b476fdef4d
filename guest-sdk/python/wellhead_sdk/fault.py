"""What went wrong in plugin code, as a `PluginError`: one that was raised on purpose stays as it is, any other exception is
told with its place in the source, and logged with its traceback."""

from __future__ import annotations

import asyncio
import linecache
import logging
import os
import sys
import traceback
from types import TracebackType

from .decode import DecodeError
from .error import PluginError

_log = logging.getLogger("wellhead_sdk")
_OWN_FOLDER = os.path.dirname(__file__) + os.sep


def as_error(exception: BaseException) -> PluginError:
    """The error that the user sees."""
    if isinstance(exception, PluginError):
        return exception
    if isinstance(exception, asyncio.CancelledError):
        return PluginError("cancelled", status=499)
    said = "".join(traceback.format_exception_only(exception)).strip()
    lines = "".join(traceback.format_exception(exception)).rstrip()
    _log.error("%s", lines)
    # Of a long exception group the first line is enough: the log has the rest.
    said = said.splitlines()[0]
    place = _place(exception.__traceback__)
    return PluginError(f"{said} ({place})" if place else said)


def as_settings_error(exception: BaseException) -> PluginError:
    """As `as_error`, for code that reads settings: a `ValueError` there says what is wrong with them."""
    if isinstance(exception, (DecodeError, ValueError)) and not isinstance(exception, UnicodeError):
        return PluginError.bad_request(str(exception))
    return as_error(exception)


def remember_sources() -> None:
    """Reads the lines of all modules that do not come with Python, because a guest has no files to read them from later."""
    standard = os.path.dirname(os.__file__)
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if path and path.endswith(".py") and not path.startswith(standard):
            lines = linecache.getlines(path)
            # Without a time, linecache does not look whether the file has changed.
            linecache.cache[path] = (sum(map(len, lines)), None, lines, path)


def _place(trace: TracebackType | None) -> str:
    """The innermost line that is the author's: `plugin.py, line 12, in query: rows = answer["rows"]`."""
    frames = traceback.extract_tb(trace)
    authors = [frame for frame in frames if not frame.filename.startswith(_OWN_FOLDER)]
    standard = os.path.dirname(os.__file__) + os.sep
    frame = next((frame for frame in reversed(authors) if not frame.filename.startswith(standard)), None)
    if frame is None:
        return ""
    line = f": {frame.line}" if frame.line else ""
    return f"{os.path.basename(frame.filename)}, line {frame.lineno}, in {frame.name}{line}"
