"""The one data source that this instance serves."""

from __future__ import annotations

from typing import Any

from wit_world.imports import wellhead_plugin_types as types

from ..datasource import DataSource, types_of
from ..decode import read
from ..error import PluginError
from ..export import exported
from ..fault import as_settings_error
from . import convert

_source: DataSource[Any, Any] | None = None
_settings_type, query_type = types_of(exported())


def configure(settings: types.InstanceSettings) -> None:
    """Makes the data source of its settings."""
    global _source
    if _source is not None:
        raise convert.raised(PluginError("the host configured this instance twice"))
    try:
        json_data = read("jsonData", settings.json_data, _settings_type)
        _source = exported()(convert.settings_of(settings, json_data))
    except BaseException as exception:
        raise convert.raised(as_settings_error(exception)) from None


def source() -> DataSource[Any, Any]:
    """The data source, once `configure` has made it."""
    if _source is None:
        raise convert.raised(PluginError("the host called before it had configured the data source"))
    return _source


def source_if_any() -> DataSource[Any, Any] | None:
    """The same, for the last call, which may come without a first."""
    return _source
