"""A data source for any JSON API: asks a path below the data source's URL for an array of objects, and shows it as a table
with a column a key."""

import json
from dataclasses import dataclass
from typing import Any

from wellhead_sdk import DataQuery, DataSource, Frame, Health, Http, InstanceSettings, RequestContext, export


@dataclass
class Query:
    path: str
    """Below the data source's URL: `users?active=true`."""


@export
class JsonApi(DataSource[dict[str, Any], Query]):
    def __init__(self, settings: InstanceSettings[dict[str, Any]]) -> None:
        # Small objects take twenty times their text in memory, and an instance has 256 MiB.
        self.http = Http.for_settings(settings, max_body=8 << 20)

    async def query(self, ctx: RequestContext, query: DataQuery[Query]) -> Frame:
        rows = (await self.http.get(ctx, query.model.path)).json(list[dict[str, Any]])
        frame = Frame(query.ref_id)
        for key in sorted({key for row in rows for key in row}):
            frame.field(key, column([row.get(key) for row in rows]))
        return frame

    async def check_health(self, ctx: RequestContext) -> Health:
        await self.http.get(ctx)
        return Health.ok("The API answers.")


def column(values: list[Any]) -> list[float | None] | list[str | None]:
    """Numbers where every value is one, else text; null stays null."""
    if all(value is None or type(value) in (int, float) for value in values):
        return [None if value is None else float(value) for value in values]
    return [value if value is None or isinstance(value, str) else text(value) for value in values]


def text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
