"""Instants with nanoseconds, which `datetime` does not have."""

from __future__ import annotations

import datetime as _datetime
import time as _time
from dataclasses import dataclass
from typing import Self

_EPOCH = _datetime.datetime(1970, 1, 1, tzinfo=_datetime.UTC)
_MICROSECOND = _datetime.timedelta(microseconds=1)


class Timestamp(int):
    """An instant: whole nanoseconds since the Unix epoch, UTC. A number, so that instants compare and subtract."""

    __slots__ = ()

    @classmethod
    def of(cls, when: _datetime.datetime) -> Self:
        """From a `datetime` that knows its time zone."""
        if when.tzinfo is None:
            raise ValueError(f"{when.isoformat()} has no time zone: write datetime(…, tzinfo=UTC)")
        return cls((when - _EPOCH) // _MICROSECOND * 1_000)

    @classmethod
    def from_seconds(cls, seconds: float) -> Self:
        """From seconds since the epoch, rounded to microseconds, which is what a float holds of today's instants."""
        whole = int(seconds // 1)
        return cls(whole * 1_000_000_000 + round((seconds - whole) * 1e6) * 1_000)

    @classmethod
    def from_millis(cls, millis: int) -> Self:
        """From milliseconds since the epoch."""
        return cls(millis * 1_000_000)

    @classmethod
    def parse(cls, text: str) -> Self:
        """From RFC 3339, such as `2026-01-02T03:04:05.123456789Z`: nine digits of a second are kept."""
        head, dot, tail = text.partition(".")
        if not dot:
            return cls.of(_datetime.datetime.fromisoformat(text))
        digits = len(tail) - len(tail.lstrip("0123456789"))
        whole = cls.of(_datetime.datetime.fromisoformat(head + tail[digits:]))
        return cls(whole + int(tail[:digits][:9].ljust(9, "0")))

    @classmethod
    def now(cls) -> Self:
        """The time of day."""
        return cls(_time.time_ns())

    @property
    def seconds(self) -> float:
        """Seconds since the epoch, as near as a float comes."""
        return self / 1e9

    @property
    def millis(self) -> int:
        """Whole milliseconds since the epoch, rounded down."""
        return self // 1_000_000

    def datetime(self) -> _datetime.datetime:
        """As a `datetime` in UTC, cut to microseconds."""
        return _EPOCH + _datetime.timedelta(microseconds=self // 1_000)

    def isoformat(self) -> str:
        """RFC 3339 with as many digits as it takes."""
        nanoseconds = int(self) % 1_000_000_000
        text = self.datetime().strftime("%Y-%m-%dT%H:%M:%S")
        return text + (f".{nanoseconds:09}".rstrip("0") if nanoseconds else "") + "Z"

    def __repr__(self) -> str:
        return f"Timestamp({int(self)})"


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A span of time; `from_` is not after `to`."""

    from_: Timestamp = Timestamp(0)
    """The first instant asked for."""
    to: Timestamp = Timestamp(0)
    """The last instant asked for."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.to - self.from_) / 1e9
