"""Grafana's field types and the one Arrow type each is written as. Names and the table are those of `wellhead-frame`."""

from __future__ import annotations

import enum


class FieldType(enum.Enum):
    """The type of a field's values, without nullability."""

    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    UINT8 = "uint8"
    UINT16 = "uint16"
    UINT32 = "uint32"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    STRING = "string"
    BOOL = "bool"
    TIME = "time.Time"
    """Nanoseconds since the Unix epoch, UTC."""
    JSON = "json.RawMessage"
    """One JSON document a value."""
    ENUM = "enum"
    """An index into the texts of the field's config."""

    @property
    def tstype(self) -> str:
        """The front end's coarser type."""
        return _TSTYPES.get(self, "number")

    @property
    def typecode(self) -> str | None:
        """The code of the values in `array`, none where they are not numbers to Arrow."""
        return _TYPECODES.get(self)

    @property
    def is_float(self) -> bool:
        """True for float32 and float64."""
        return self in (FieldType.FLOAT32, FieldType.FLOAT64)


_TSTYPES = {
    FieldType.STRING: "string",
    FieldType.BOOL: "boolean",
    FieldType.TIME: "time",
    FieldType.JSON: "other",
    FieldType.ENUM: "enum",
}

# `q` and `Q` are 64 bits everywhere; `l` is not.
_TYPECODES = {
    FieldType.INT8: "b",
    FieldType.INT16: "h",
    FieldType.INT32: "i",
    FieldType.INT64: "q",
    FieldType.UINT8: "B",
    FieldType.UINT16: "H",
    FieldType.UINT32: "I",
    FieldType.UINT64: "Q",
    FieldType.FLOAT32: "f",
    FieldType.FLOAT64: "d",
    FieldType.TIME: "q",
    FieldType.ENUM: "H",
}
