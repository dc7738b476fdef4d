"""The values of one field, held as Arrow lays them out, so that a mistake is found where the field is added and a slice
is cut without looking at values again."""

from __future__ import annotations

import array
import datetime
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from ..json_text import json_bytes
from ..timestamp import Timestamp
from .field_type import FieldType

_NULL = type(None)


class Column:
    """Values of one type, some of them null."""

    __slots__ = ("field_type", "length", "_data", "_offsets", "_valid")

    def __init__(self, values: Iterable[Any], field_type: FieldType | None = None) -> None:
        values = values if isinstance(values, (list, tuple, array.array)) else list(values)
        self.field_type = field_type or infer(values)
        self.length = len(values)
        valid = bytes(value is not None for value in values)
        # One byte a row, 1 where there is a value; nothing where there are no nulls.
        self._valid = valid if 0 in valid else None
        self._offsets = array.array("i", (0,))
        if self.field_type.typecode is not None:
            self._data: array.array[Any] | bytes = self._numbers(values)
        elif self.field_type is FieldType.BOOL:
            self._data = bytes(map(_truth, values))
        else:
            self._data = self._texts(values)

    @property
    def null_count(self) -> int:
        """Nulls among the values."""
        return 0 if self._valid is None else self._valid.count(0)

    @property
    def num_bytes(self) -> int:
        """About what the values take in a record batch."""
        size = len(self._data) * (self._data.itemsize if isinstance(self._data, array.array) else 1)
        return size + 4 * (len(self._offsets) - 1) + self.length // 8

    def encode(self, start: int, stop: int) -> tuple[int, list[bytes]]:
        """Null count and Arrow buffers of the rows from `start` to `stop`: validity, offsets if any, data."""
        valid = b"" if self._valid is None else self._valid[start:stop]
        nulls = valid.count(0)
        buffers = [_bits(valid) if nulls else b""]
        if isinstance(self._data, array.array):
            buffers.append(_little(self._data[start:stop]))
        elif self.field_type is FieldType.BOOL:
            buffers.append(_bits(self._data[start:stop]))
        else:
            first, last = self._offsets[start], self._offsets[stop]
            offsets = self._offsets[start : stop + 1]
            if first:
                offsets = array.array("i", (offset - first for offset in offsets))
            buffers += [_little(offsets), self._data[first:last]]
        return nulls, buffers

    def _numbers(self, values: Sequence[Any]) -> array.array[Any]:
        code = self.field_type.typecode
        assert code is not None
        if self.field_type is FieldType.TIME:
            values = [_nanoseconds(value) for value in values]
        elif self._valid is not None:
            values = [0 if value is None else value for value in values]
        try:
            return array.array(code, values)
        except (TypeError, OverflowError):
            raise _misfit(values, self.field_type, lambda value: array.array(code, (value,))) from None

    def _texts(self, values: Sequence[Any]) -> bytes:
        write = _document if self.field_type is FieldType.JSON else _utf8
        texts = [b"" if value is None else write(value) for value in values]
        end = 0
        for text in texts:
            end += len(text)
            self._offsets.append(end)
        return b"".join(texts)


def infer(values: Sequence[Any]) -> FieldType:
    """The type that all values fit: a mix of integers and floats is float64, and so is what has no values at all."""
    if isinstance(values, array.array):
        return next((each for each in FieldType if each.typecode == values.typecode), FieldType.FLOAT64)
    kinds = {type(value) for value in values} - {_NULL}
    if kinds <= {int, float} and kinds:
        return FieldType.FLOAT64 if float in kinds else FieldType.INT64
    for kind, field_type in _INFERRED:
        if kinds and all(issubclass(each, kind) for each in kinds):
            return field_type
    if not kinds:
        return FieldType.FLOAT64
    names = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise TypeError(f"values of {names} have no type in common: make them one, or say type=FieldType.STRING")


# The order matters: to Python a truth value and an instant are integers.
_INFERRED: tuple[tuple[type | tuple[type, ...], FieldType], ...] = (
    (bool, FieldType.BOOL),
    ((Timestamp, datetime.datetime), FieldType.TIME),
    (str, FieldType.STRING),
    ((dict, list), FieldType.JSON),
    ((int, float), FieldType.FLOAT64),
)


def _document(value: Any) -> bytes:
    """One JSON document; bytes are taken for one that is written already."""
    return bytes(value) if isinstance(value, (bytes, bytearray)) else json_bytes(value)


def _utf8(value: Any) -> bytes:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no string")
    # Half of a surrogate pair, which JSON may hold and UTF-8 may not.
    return value.encode(errors="replace")


def _truth(value: Any) -> bool:
    if value is not None and not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return bool(value)


def _nanoseconds(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, datetime.datetime):
        return Timestamp.of(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TypeError(f"{value!r} is no instant: give a datetime with a time zone, or nanoseconds")


def _misfit(values: Sequence[Any], field_type: FieldType, fits: Any) -> Exception:
    for value in values:
        try:
            fits(value)
        except (TypeError, OverflowError):
            return TypeError(f"{value!r} is no {field_type.value}")
    return TypeError(f"not all values are {field_type.value}")


def _little(values: array.array[Any]) -> bytes:
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()


def _bits(flags: bytes) -> bytes:
    """Eight flags a byte, the first one lowest. A row of flags is a number to Python, and eight of them are or-ed."""
    packed = 0
    for bit in range(8):
        packed |= int.from_bytes(flags[bit::8], "little") << bit
    return packed.to_bytes((len(flags) + 7) // 8, "little")
