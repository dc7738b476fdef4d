"""`export`: the one line that makes a class the plugin."""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

from .datasource import DataSource

T = TypeVar("T", bound=type[DataSource[Any, Any]])

_exported: type[DataSource[Any, Any]] | None = None


def export(source: T) -> T:
    """Makes a class the plugin of this component; also a decorator. What it derives from beside `DataSource`, `Resources`
    and `Streaming`, decides what the component exports."""
    global _exported
    missing = sorted(getattr(source, "__abstractmethods__", ()))
    if missing:
        raise TypeError(f"{source.__name__} cannot be exported: it does not implement {', '.join(missing)}")
    if not inspect.iscoroutinefunction(source.query):
        raise TypeError(f"{source.__name__} cannot be exported: write `async def query`")
    if _exported is not None and _exported is not source:
        raise TypeError(f"{source.__name__} cannot be exported: {_exported.__name__} is, and a component has one plugin")
    _exported = source
    return source


def exported() -> type[DataSource[Any, Any]]:
    """The class that was exported."""
    if _exported is None:
        raise TypeError("nothing is exported: write @export before the class that is the plugin")
    return _exported
