"""As much of FlatBuffers as Arrow's messages take: tables, strings, vectors. Written front to back, every offset filled
in when what it points to is written, which the format allows because offsets point forward.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable

# A field of a table: its number in the schema, its struct code, its value; or, for an offset, what writes its target.
Scalar = tuple[int, str, int]
Target = tuple[int, "Writer"]
Writer = Callable[["FlatBuffer"], int]


class FlatBuffer:
    """A message in the making. Everything that writes returns the place of what it wrote."""

    def __init__(self, root: Writer) -> None:
        self._bytes = bytearray(4)
        self._refer(0, root)

    def finish(self, align: int = 8) -> bytes:
        """The message, padded."""
        self._pad(align)
        return bytes(self._bytes)

    def table(self, scalars: Iterable[Scalar] = (), targets: Iterable[Target] = ()) -> int:
        """A table and all it refers to."""
        scalars, targets = list(scalars), list(targets)
        inline = [(number, code, value) for number, code, value in scalars]
        inline += [(number, "I", 0) for number, _ in targets]
        # The largest first, after the four bytes of the way to the vtable: so all are aligned.
        inline.sort(key=lambda field: -struct.calcsize(field[1]))
        places, size = {}, 4
        for number, code, _ in inline:
            places[number] = size
            size += struct.calcsize(code)
        slots = [places.get(number, 0) for number in range(max(places, default=-1) + 1)]
        vtable = struct.pack(f"<{2 + len(slots)}H", 4 + 2 * len(slots), size, *slots)
        # The table begins four bytes before a multiple of eight.
        self._pad(8, 4 + len(vtable))
        self._bytes += vtable
        table = len(self._bytes)
        self._bytes += struct.pack("<i", len(vtable))
        for _, code, value in inline:
            self._bytes += struct.pack("<" + code, value)
        for number, target in targets:
            self._refer(table + places[number], target)
        return table

    def string(self, text: str) -> int:
        """A string."""
        data = text.encode(errors="replace")
        self._pad(4)
        place = len(self._bytes)
        self._bytes += struct.pack("<I", len(data)) + data + b"\0"
        return place

    def vector(self, writers: Iterable[Writer]) -> int:
        """A vector of offsets."""
        writers = list(writers)
        self._pad(4)
        place = len(self._bytes)
        self._bytes += struct.pack("<I", len(writers)) + bytes(4 * len(writers))
        for index, writer in enumerate(writers):
            self._refer(place + 4 + 4 * index, writer)
        return place

    def pairs(self, pairs: Iterable[tuple[int, int]]) -> int:
        """A vector of structs of two 64-bit numbers."""
        numbers = [number for pair in pairs for number in pair]
        self._pad(8, 4)
        place = len(self._bytes)
        self._bytes += struct.pack(f"<I{len(numbers)}q", len(numbers) // 2, *numbers)
        return place

    def _refer(self, place: int, target: Writer) -> None:
        struct.pack_into("<I", self._bytes, place, target(self) - place)

    def _pad(self, align: int, before: int = 0) -> None:
        """Pads so that what comes `before` bytes later is aligned."""
        self._bytes += bytes(-(len(self._bytes) + before) % align)
