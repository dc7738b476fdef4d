"""What a plugin author implements: `DataSource`. The contract's calls reach it through `export`."""

from __future__ import annotations

import abc
import enum
import typing
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .context import RequestContext
from .query import Answered, DataQuery
from .settings import InstanceSettings

S = TypeVar("S")
Q = TypeVar("Q")


class HealthStatus(enum.Enum):
    """Outcome of a health check."""

    UNKNOWN = "unknown"
    OK = "ok"
    ERROR = "error"


@dataclass(slots=True)
class Health:
    """What a health check found."""

    status: HealthStatus
    message: str
    """A sentence a person can act on."""
    details: dict[str, Any] | None = None

    @classmethod
    def ok(cls, message: str, **details: Any) -> Health:
        """Queries would be answered."""
        return cls(HealthStatus.OK, message, details or None)

    @classmethod
    def error(cls, message: str, **details: Any) -> Health:
        """Queries would fail, and why."""
        return cls(HealthStatus.ERROR, message, details or None)


class DataSource(abc.ABC, Generic[S, Q]):
    """One configured data source: `class MySource(DataSource[Settings, Query])`, where both are dataclasses, `dict` or
    `Any`.

    The host makes one instance for each, alone in its memory, and calls it until `shutdown` or until it drops it. Calls
    overlap: while one awaits, others run. Nothing may block: a loop that never awaits stalls every other call of the
    instance; long computations `await asyncio.sleep(0)` now and then.
    """

    def __init__(self, settings: InstanceSettings[S]) -> None:
        """Reads the settings and prepares. Contacts nobody: it must succeed while the upstream is down. A `PluginError`
        or a `ValueError` is a fault of the settings, shown to the user at the data source."""
        self.settings = settings

    @abc.abstractmethod
    async def query(self, ctx: RequestContext, query: DataQuery[Q]) -> Answered:
        """Answers one query. All queries of a request run side by side, and a failure is this query's alone.

        When nobody waits any more it is cancelled at its next await, as an asyncio task is.
        """

    async def check_health(self, ctx: RequestContext) -> Health:
        """Says whether the upstream answers, best by a real query. A downstream `PluginError` is reported as a failed
        check with that error's message."""
        return Health.ok("The plugin is loaded and its settings are valid.")

    async def shutdown(self) -> None:
        """The last call, when all others are over: log out politely. Has a few seconds, and may never come."""


def types_of(source: type) -> tuple[Any, Any]:
    """Settings and query of `DataSource[Settings, Query]`, wherever in its ancestry a class says it."""
    for each in source.__mro__:
        for base in getattr(each, "__orig_bases__", ()):
            if typing.get_origin(base) is DataSource:
                settings, query = typing.get_args(base)
                return settings, query
    return Any, Any
