"""Live channels: who may subscribe, the run that feeds a channel, what a client publishes. Optional: a data source that
has them derives from `Streaming` too. Fanning a run out to its subscribers is the host's."""

from __future__ import annotations

import abc
import enum
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from .context import RequestContext
from .decode import DecodeError, read
from .error import PluginError
from .frame import Frame


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """A channel of this data source, and what was sent along."""

    path: str
    """What comes after the data source's uid in the channel's name."""
    data: str = ""
    """What the subscriber sent along, or what is published: a JSON document, or empty."""

    def json(self, into: Any = Any) -> Any:
        """Reads `data`, where empty means `{}`. An error is of status 400 and names the key."""
        try:
            return read("data", self.data, into)
        except DecodeError as error:
            raise PluginError.bad_request(str(error)) from None


class Access(enum.Enum):
    """What is said of a channel and a caller."""

    OK = "ok"
    NOT_FOUND = "not-found"
    PERMISSION_DENIED = "permission-denied"


@dataclass(frozen=True, slots=True)
class Subscribed:
    """What comes of asking to subscribe."""

    access: Access = Access.OK
    initial: Frame | None = None
    """Shown to this subscriber before the channel's next frame: its last rows, or its fields without rows."""


@dataclass(frozen=True, slots=True)
class Published:
    """What comes of publishing."""

    access: Access = Access.OK
    data: Any = None
    """What the subscribers get, as JSON, in the place of what was published."""


class Streaming(abc.ABC):
    """A data source that feeds live channels too.

    A channel is one path of the data source. The host asks `subscribe_stream` for every subscriber, and starts one
    `run_stream` for all who asked for the same path with the same data.
    """

    @abc.abstractmethod
    async def subscribe_stream(self, ctx: RequestContext, request: StreamRequest) -> Subscribed:
        """Says whether a caller may subscribe to a channel. Asked for every subscriber, and again while he stays."""

    @abc.abstractmethod
    def run_stream(self, ctx: RequestContext, request: StreamRequest) -> AsyncIterator[Frame]:
        """Yields a channel's frames, each one update for all subscribers, until nobody wants them any more: write it as
        `async def` with `yield`. Then it is cancelled at its next await.

        The next frame is asked for when the host has taken the one before it. The schema travels with the first frame and
        whenever name, metadata or fields change; otherwise rows alone do. Returning ends the stream for all; an error is
        shown to them, and the host starts another run after a pause.
        """

    async def publish_stream(self, ctx: RequestContext, request: StreamRequest) -> Published:
        """Takes what a client publishes: `request.data`. Unless implemented, nobody may."""
        return Published(Access.PERMISSION_DENIED)
