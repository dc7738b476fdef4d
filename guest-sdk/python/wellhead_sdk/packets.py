"""A run's frames cut into the contract's packets: the schema with the first frame and whenever it changes, rows alone in
between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .error import PluginError
from .frame import Frame

MAX_BYTES = 16 << 20
"""The most bytes of a packet; the contract's largest piece."""


@dataclass(slots=True)
class Packet:
    """One update of a channel."""

    bytes: bytes
    with_schema: bool
    """A whole Arrow stream, or a record batch under the last schema."""


class Packets:
    """What the reader of a channel knows."""

    def __init__(self) -> None:
        self._known: Any = None

    def packet(self, frame: Frame) -> Packet:
        """The frame as a packet. One that is refused leaves the reader with what he knows."""
        schema = frame.schema_message()
        if schema == self._known and frame.num_rows:
            return Packet(_within_limit(frame, next(frame.batch_messages(MAX_BYTES * 2))), False)
        packet = Packet(_within_limit(frame, frame.to_ipc_stream()), True)
        self._known = schema
        return packet


def _within_limit(frame: Frame, data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise PluginError(
            f'frame "{frame.name}" of {frame.num_rows} rows takes {len(data)} bytes in a stream, {MAX_BYTES} are allowed: '
            "send fewer rows at a time"
        )
    return data
