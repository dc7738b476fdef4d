"""What the host gives a plugin, behind one small protocol: the contract's imports in a guest, stand-ins in an author's
tests. The rest of the SDK asks `current()` and does not know which it is."""

from __future__ import annotations

import enum
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .http.response import Incoming


class Level(enum.Enum):
    """How important a line of the log is."""

    TRACE = "trace"
    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


class MetricKind(enum.Enum):
    """What becomes of a number."""

    ADD = "add"
    SET = "set"
    OBSERVE = "observe"


@dataclass(slots=True)
class Request:
    """A request as it leaves the plugin."""

    method: str
    url: str
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    body: bytes = b""


Pairs = list[tuple[str, str]]


class Host(Protocol):
    """The contract's imports."""

    async def fetch(self, request: Request) -> Incoming:
        """Sends a request; raises `HttpFailure`."""

    async def sleep(self, seconds: float) -> None:
        """Waits."""

    def log(self, level: Level, target: str, message: str, fields: Pairs) -> None:
        """Writes a line."""

    def metric(self, kind: MetricKind, name: str, value: float, labels: Pairs) -> None:
        """Counts, sets or observes."""

    def cache_get(self, key: str) -> bytes | None:
        """What is under a key."""

    def cache_set(self, key: str, value: bytes, ttl_ms: int) -> None:
        """Keeps bytes."""

    def cache_delete(self, key: str) -> None:
        """Forgets."""


class _Nowhere:
    """No host, and no stand-in for one: log lines go to stderr, everything else is refused."""

    def log(self, level: Level, target: str, message: str, fields: Pairs) -> None:
        pairs = "".join(f" {key}={value}" for key, value in fields)
        print(f"{level.value} {target}: {message}{pairs}", file=sys.stderr)

    def __getattr__(self, name: str) -> object:
        raise RuntimeError(f"outside a host there is no {name}: use wellhead_sdk.testing")


_current: Host = _Nowhere()  # type: ignore[assignment]


def current() -> Host:
    """The host, or what stands in for it."""
    return _current


def install(host: Host) -> Host:
    """Puts a host in place; returns the one before."""
    global _current
    before, _current = _current, host
    return before
