"""{{title}}: readings from a JSON API, a table a place."""

from dataclasses import dataclass

from wellhead_sdk import (
    DataQuery,
    DataSource,
    Frame,
    Health,
    Http,
    InstanceSettings,
    RequestContext,
    Timestamp,
    export,
    path_segment,
)


@dataclass
class Settings:
    """The plugin's own settings: `jsonDataSchema` of plugin.json describes them for editors."""

    max_rows: int = 1000
    """The most rows of an answer."""


@dataclass
class Query:
    """A query: `querySchema` of plugin.json describes it for editors."""

    place: str
    """Whose readings."""


@dataclass
class Reading:
    """The API answers `readings/PLACE` with an array of these."""

    time: int
    """Seconds since 1970."""
    celsius: float | None


@export
class Source(DataSource[Settings, Query]):
    """One configured data source. It lives as long as its settings stay the same, and its calls overlap."""

    def __init__(self, settings: InstanceSettings[Settings]) -> None:
        # Contacts nobody: a data source can be configured while its API is down.
        self.http = Http.for_settings(settings)
        self.max_rows = settings.json_data.max_rows

    async def query(self, ctx: RequestContext, query: DataQuery[Query]) -> Frame:
        place = query.model.place
        answer = await self.http.get(ctx, f"readings/{path_segment(place)}")
        readings: list[Reading] = answer.json(list[Reading])[: self.max_rows]
        return (
            Frame(place)
            .field("time", [Timestamp.from_seconds(reading.time) for reading in readings])
            .field("temperature", [reading.celsius for reading in readings], labels={"place": place})
        )

    async def check_health(self, ctx: RequestContext) -> Health:
        await self.http.get(ctx, "readings/oslo")
        return Health.ok("The API answers.")
