"""The data frame: Grafana's fields over Arrow. Built field by field, written as Arrow IPC with Grafana's metadata."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

from ..error import PluginError
from ..json_text import json_text
from . import ipc
from .column import Column
from .field_type import FieldType

BEST_BYTES = 1 << 20
"""Size of a piece that moves best between guest and host. The contract allows 16 MiB."""


class FrameError(PluginError):
    """A frame that cannot be: the plugin's fault."""


class Frame:
    """A data frame: a name, fields of equal length, metadata.

    ::

        Frame("cpu").field("time", times).field("value", values, labels={"host": "a"}, unit="percent")
    """

    def __init__(self, name: str = "", *, meta: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.ref_id = ""
        """Which query it answers; the host fills it in."""
        self.meta = meta
        """Grafana's FrameMeta, with its key names: `{"type": "timeseries-multi", "notices": […]}`."""
        self._fields: list[ipc.ArrowField] = []
        self._columns: list[Column] = []

    def field(
        self,
        name: str,
        values: Iterable[Any],
        *,
        type: FieldType | None = None,
        nullable: bool = True,
        labels: Mapping[str, str] | None = None,
        config: Mapping[str, Any] | None = None,
        unit: str | None = None,
        enum_texts: Sequence[str] | None = None,
    ) -> Self:
        """Adds a field.

        Its type is `type`, or what all values are: `int` (int64), `float`, `bool`, `str`, `datetime` or `Timestamp`
        (time), `dict` or `list` (JSON). A field without any value is one of float64. `None` is null; with
        `nullable=False` it is an error.

        `config` is Grafana's FieldConfig, with its key names; `unit` stands in it, and so do `enum_texts`, which make
        the field an enum whose values are indexes into them.

        Raises `FrameError` for values that are not of one type, and for a field of another length than the first.
        """
        if enum_texts is not None:
            type = FieldType.ENUM
        try:
            column = Column(values, type)
        except (TypeError, ValueError) as error:
            raise FrameError(f"field {json.dumps(name)}: {error}") from None
        if not nullable and column.null_count:
            raise FrameError(f"field {json.dumps(name)} is not nullable and has {column.null_count} nulls")
        if self._columns and column.length != self.num_rows:
            first = json.dumps(self._fields[0][0])
            raise FrameError(
                f"field {json.dumps(name)} has {column.length} values, and field {first} has {self.num_rows}"
            )
        settings = dict(config or {})
        if unit is not None:
            settings["unit"] = unit
        if enum_texts is not None:
            settings["type"] = {"enum": {"text": list(enum_texts)}}
        metadata = {"tstype": column.field_type.tstype}
        if labels is not None:
            metadata["labels"] = json_text(dict(sorted(labels.items())))
        if settings:
            metadata["config"] = json_text(settings)
        self._fields.append((name, column.field_type, nullable, metadata))
        self._columns.append(column)
        return self

    @property
    def num_rows(self) -> int:
        """Values of each field."""
        return self._columns[0].length if self._columns else 0

    @property
    def num_fields(self) -> int:
        """Number of fields."""
        return len(self._fields)

    @property
    def num_bytes(self) -> int:
        """About what the values take in Arrow."""
        return sum(column.num_bytes for column in self._columns)

    def same_fields(self, other: Frame) -> bool:
        """Whether the other frame's rows can follow this one's: equal names, types, labels and configs."""
        return self._fields == other._fields

    def schema_message(self) -> bytes:
        """The encapsulated Arrow message of the schema."""
        metadata = {"name": self.name, "refId": self.ref_id}
        if self.meta is not None:
            # Grafana always writes the version.
            metadata["meta"] = json_text({"typeVersion": [0, 0], **self.meta})
        return ipc.schema_message(self._fields, metadata)

    def batch_messages(self, best: int = BEST_BYTES) -> Iterator[bytes]:
        """Encapsulated record batches of about so many bytes each, at least a row, made as they are asked for."""
        rows = self.num_rows
        pieces = max(1, math.ceil(self.num_bytes / best))
        step = max(1, math.ceil(rows / pieces))
        for start in range(0, rows, step):
            yield ipc.batch_message(self._columns, start, min(rows, start + step))

    def to_ipc_stream(self) -> bytes:
        """The frame as one Arrow IPC stream: what the plugin contract calls a frame."""
        parts = [self.schema_message()]
        if self.num_rows:
            parts.append(ipc.batch_message(self._columns, 0, self.num_rows))
        return b"".join((*parts, ipc.END_OF_STREAM))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}: {field_type.value}" for name, field_type, _, _ in self._fields)
        return f"<Frame {self.name!r} of {self.num_rows} rows: {fields}>"
