"""One query of a request, and what answers it: frames that are there, or frames whose rows still come."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from .error import PluginError
from .frame import Frame
from .timestamp import TimeRange

Q = TypeVar("Q")


@dataclass(slots=True)
class DataQuery(Generic[Q]):
    """One query. `model` is what the author reads the query model into."""

    model: Q
    """The plugin's own query model."""
    ref_id: str = "A"
    """What the answer is to be filed under."""
    query_type: str = ""
    """The plugin's own kind of query; often empty."""
    max_data_points: int = 1_000
    """How many points a panel can show."""
    interval_ms: int = 1_000
    """Suggested step in milliseconds, at least 1."""
    time_range: TimeRange = field(default_factory=TimeRange)
    """The time asked for."""


class FrameStream:
    """One frame that comes part by part, for results larger than memory should hold.

    Every part is a `Frame` of the same fields; the first one gives the whole its name and metadata, and the rows of each
    are appended. A part is made only when the host has taken those before it, so a slow reader slows the upstream down.
    An error ends the frame and is the answer's error.
    """

    def __init__(self, parts: AsyncIterable[Frame] | Iterable[Frame]) -> None:
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[Frame]:
        if isinstance(self._parts, AsyncIterable):
            try:
                async for part in self._parts:
                    yield part
            finally:
                # A generator that is not read to its end still has its own `finally` to run.
                close = getattr(self._parts, "aclose", None)
                if close is not None:
                    await close()
        else:
            for part in self._parts:
                yield part


Output = Frame | FrameStream


@dataclass(slots=True)
class QueryResult:
    """What answers a query where frames alone do not say it: a status, or an error where only a part could be had."""

    frames: Sequence[Output] = ()
    error: PluginError | None = None
    """The frames are only what was read before this failure."""
    status: int = 0
    """HTTP status of the answer; 0 means 200, or the error's."""


Answered = Output | Iterable[Output] | QueryResult | None
"""What a data source may answer a query with. None means that there is nothing to show."""


def as_result(answered: Answered) -> QueryResult:
    """Any answer in its one form."""
    given = answered.frames if isinstance(answered, QueryResult) else answered
    outputs = [given] if isinstance(given, (Frame, FrameStream)) else list(given or ())
    for output in outputs:
        if not isinstance(output, (Frame, FrameStream)):
            raise TypeError(f"a query is answered with frames, not with {type(output).__name__}")
    return replace(answered, frames=outputs) if isinstance(answered, QueryResult) else QueryResult(outputs)
