"""JSON out, as RFC 8259 has it. Python's own writer lets through what no other reader takes: NaN, infinities, half of a
surrogate pair."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def json_bytes(value: Any) -> bytes:
    """One document in UTF-8. NaN and infinities are null, as Grafana writes them; half of a surrogate pair is `?`.

    Raises `TypeError` for what JSON has no words for."""
    try:
        text = _ENCODER.encode(value)
    except ValueError as error:
        if not str(error).startswith("Out of range float"):
            raise
        # Seldom, and only then looked for: a walk through all of it costs more than writing it.
        text = _ENCODER.encode(_finite(value))
    return text.encode(errors="replace")


def json_text(value: Any) -> str:
    """The same as text."""
    return json_bytes(value).decode()


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
