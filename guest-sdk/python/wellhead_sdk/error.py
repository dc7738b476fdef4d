"""A failure as the user sees it: status, whose fault, message.

Plugin code raises `PluginError`; how HTTP failures become one is in `wellhead_sdk.http`. Any other exception of plugin
code is a fault of the plugin, told with its place in the source.
"""

from __future__ import annotations

import enum
from typing import Any, Self

_PLUGINS_FAULT = frozenset((405, 406, 412, 413, 414, 416, 417, 426, 431, 501))


class ErrorSource(enum.Enum):
    """Whose fault a failure is: Grafana's `errorSource`."""

    PLUGIN = "plugin"
    """The plugin's, or that of what was asked of it."""
    DOWNSTREAM = "downstream"
    """The upstream's, or of the way to it."""

    @classmethod
    def of_status(cls, status: int) -> ErrorSource:
        """Whose fault an upstream's HTTP status is, by the table of Grafana's SDK: a request that no server could have
        understood is the plugin's, every other one is downstream's."""
        return cls.PLUGIN if status in _PLUGINS_FAULT else cls.DOWNSTREAM


class PluginError(Exception):
    """A failure with what its reader needs: an HTTP status, whose fault it is, and a sentence to act on.

    The host blanks secret values in the message and in the details.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 500,
        source: ErrorSource = ErrorSource.PLUGIN,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.source = source
        self.details = details
        """A JSON object for machines."""

    @classmethod
    def bad_request(cls, message: str) -> Self:
        """What was asked makes no sense: status 400."""
        return cls(message, status=400)

    @classmethod
    def downstream(cls, message: str) -> Self:
        """The upstream failed: status 502."""
        return cls(message, status=502, source=ErrorSource.DOWNSTREAM)

    @classmethod
    def upstream_status(cls, status: int, message: str) -> Self:
        """The upstream answered with an HTTP status that says no: the same status, blamed by `ErrorSource.of_status`."""
        return cls(message, status=status, source=ErrorSource.of_status(status))

    def context(self, doing: str) -> Self:
        """Says before the message what was being done: `reading labels: connection refused`."""
        self.message = f"{doing}: {self.message}"
        self.args = (self.message,)
        return self
