"""Arrow IPC out: a schema message, record batch messages, a stream of both. Uncompressed and without dictionaries, as the
plugin contract wants frames. The tables and their numbers are those of Arrow's `Schema.fbs` and `Message.fbs`."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence

from .column import Column
from .field_type import FieldType
from .flatbuffer import FlatBuffer, Scalar, Writer

END_OF_STREAM = struct.pack("<II", 0xFFFF_FFFF, 0)

_V5 = 4
_SCHEMA, _RECORD_BATCH = 1, 3
_INT, _FLOAT, _BINARY, _UTF8, _BOOL, _TIMESTAMP = 2, 3, 4, 5, 6, 10
_SINGLE, _DOUBLE, _NANOSECOND = 1, 2, 3

_TYPES: dict[FieldType, tuple[int, list[Scalar]]] = {
    FieldType.INT8: (_INT, [(0, "i", 8), (1, "B", 1)]),
    FieldType.INT16: (_INT, [(0, "i", 16), (1, "B", 1)]),
    FieldType.INT32: (_INT, [(0, "i", 32), (1, "B", 1)]),
    FieldType.INT64: (_INT, [(0, "i", 64), (1, "B", 1)]),
    FieldType.UINT8: (_INT, [(0, "i", 8)]),
    FieldType.UINT16: (_INT, [(0, "i", 16)]),
    FieldType.UINT32: (_INT, [(0, "i", 32)]),
    FieldType.UINT64: (_INT, [(0, "i", 64)]),
    FieldType.FLOAT32: (_FLOAT, [(0, "h", _SINGLE)]),
    FieldType.FLOAT64: (_FLOAT, [(0, "h", _DOUBLE)]),
    FieldType.STRING: (_UTF8, []),
    FieldType.BOOL: (_BOOL, []),
    FieldType.TIME: (_TIMESTAMP, [(0, "h", _NANOSECOND)]),
    FieldType.JSON: (_BINARY, []),
    FieldType.ENUM: (_INT, [(0, "i", 16)]),
}

# Name, type, nullable, metadata.
ArrowField = tuple[str, FieldType, bool, Mapping[str, str]]


def schema_message(fields: Iterable[ArrowField], metadata: Mapping[str, str]) -> bytes:
    """The encapsulated message of a schema."""
    writers = [_field(*field) for field in fields]

    def schema(flat: FlatBuffer) -> int:
        return flat.table(targets=[(1, lambda flat: flat.vector(writers)), (2, _metadata(metadata))])

    return _encapsulate(_SCHEMA, schema, 0)


def batch_message(columns: Sequence[Column], start: int, stop: int) -> bytes:
    """The encapsulated message of a record batch: these rows of all columns."""
    nodes: list[tuple[int, int]] = []
    places: list[tuple[int, int]] = []
    body = bytearray()
    for column in columns:
        nulls, buffers = column.encode(start, stop)
        nodes.append((stop - start, nulls))
        for buffer in buffers:
            places.append((len(body), len(buffer)))
            body += buffer
            body += bytes(-len(body) % 8)

    def batch(flat: FlatBuffer) -> int:
        return flat.table(
            [(0, "q", stop - start)], [(1, lambda flat: flat.pairs(nodes)), (2, lambda flat: flat.pairs(places))]
        )

    return _encapsulate(_RECORD_BATCH, batch, len(body)) + body


def _encapsulate(kind: int, header: Writer, body: int) -> bytes:
    def message(flat: FlatBuffer) -> int:
        return flat.table([(0, "h", _V5), (1, "B", kind), (3, "q", body)], [(2, header)])

    flat = FlatBuffer(message).finish()
    return struct.pack("<II", 0xFFFF_FFFF, len(flat)) + flat


def _field(name: str, field_type: FieldType, nullable: bool, metadata: Mapping[str, str]) -> Writer:
    kind, scalars = _TYPES[field_type]

    def field(flat: FlatBuffer) -> int:
        return flat.table(
            [(1, "B", int(nullable)), (2, "B", kind)],
            [
                (0, lambda flat: flat.string(name)),
                (3, lambda flat: flat.table(scalars)),
                # None, but readers look for the list.
                (5, lambda flat: flat.vector(())),
                (6, _metadata(metadata)),
            ],
        )

    return field


def _metadata(pairs: Mapping[str, str]) -> Writer:
    def pair(key: str, value: str) -> Writer:
        return lambda flat: flat.table(
            targets=[(0, lambda flat: flat.string(key)), (1, lambda flat: flat.string(value))]
        )

    writers = [pair(key, value) for key, value in pairs.items()]
    return lambda flat: flat.vector(writers)
