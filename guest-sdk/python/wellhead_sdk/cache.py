"""Memory that the replicas of one data source on a host share. It may lose anything at any time, is never on disk, and is
emptied when the plugin or the data source's settings change: for answers that are dear to get twice."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from . import host
from .json_text import json_bytes


def get(key: str) -> bytes | None:
    """The bytes under `key`, if they are still there. A key has at most 512 bytes."""
    return host.current().cache_get(key)


def set(key: str, value: bytes, ttl: float) -> None:
    """Keeps bytes, at most 1 MiB, for so many seconds at most."""
    host.current().cache_set(key, value, min(int(ttl * 1_000), 0xFFFF_FFFF))


def delete(key: str) -> None:
    """Forgets what is under `key`."""
    host.current().cache_delete(key)


def get_json(key: str) -> Any:
    """The value under `key`, `None` if there is none."""
    value = get(key)
    return None if value is None else json.loads(value)


def set_json(key: str, value: Any, ttl: float) -> None:
    """Keeps a value as JSON."""
    set(key, json_bytes(value), ttl)


async def json_or_fetch(key: str, ttl: float, fetch: Callable[[], Awaitable[Any]]) -> Any:
    """The value under `key`; where there is none, `fetch` gets it and it is kept. Failures are not kept."""
    kept = get(key)
    if kept is not None:
        return json.loads(kept)
    value = await fetch()
    set_json(key, value, ttl)
    return value
