"""The data frame: Grafana's fields over Arrow, written by a small writer of our own, because there is no pyarrow in the
sandbox. What a query is, and how bytes travel, is left to others."""

from .column import Column
from .field_type import FieldType
from .frame import BEST_BYTES, Frame, FrameError

__all__ = ["BEST_BYTES", "Column", "FieldType", "Frame", "FrameError"]
