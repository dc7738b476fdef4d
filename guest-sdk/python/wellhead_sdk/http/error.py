"""Ways an exchange can fail before there is an answer, and the status and source that Grafana gives them."""

from __future__ import annotations

import enum

from ..error import ErrorSource, PluginError
from .address import Address


class Failure(enum.Enum):
    """Why there is no answer, or no whole one: what is said, and the status."""

    DENIED = (
        "the host denies it{}: the data source's URL and the origins granted in its manifest are allowed",
        403,
        ErrorSource.PLUGIN,
    )
    UNRESOLVED = ("the host name cannot be resolved{}", 502, ErrorSource.DOWNSTREAM)
    REFUSED = ("connection refused{}", 502, ErrorSource.DOWNSTREAM)
    TIMEOUT = ("no answer in time{}", 504, ErrorSource.DOWNSTREAM)
    TLS = ("TLS failed{}", 502, ErrorSource.DOWNSTREAM)
    TOO_LARGE = ("the answer is too large{}", 502, ErrorSource.DOWNSTREAM)
    BROKEN = ("the connection failed{}", 502, ErrorSource.DOWNSTREAM)


class HttpFailure(Exception):
    """What a transport raises: the failure, and more where there is more to say."""

    def __init__(self, failure: Failure, detail: str = "") -> None:
        super().__init__(failure, detail)
        self.failure = failure
        self.detail = detail

    def of(self, method: str, address: Address) -> PluginError:
        """The error of a request, which the message names."""
        text, status, source = self.failure.value
        said = text.format(f" ({self.detail})" if self.detail else "")
        return PluginError(f"{method} {address}: {said}", status=status, source=source)
