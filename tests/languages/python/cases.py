"""What data sources do beside answering small tables: the counterpart of `cases.js`, for the tests of both."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from wellhead_sdk import (
    Access,
    Answered,
    DataQuery,
    DataSource,
    FieldType,
    Frame,
    FrameStream,
    Http,
    InstanceSettings,
    Published,
    RequestContext,
    ResourceRequest,
    ResourceResponse,
    Resources,
    Streaming,
    StreamRequest,
    Subscribed,
    Timestamp,
    export,
)

log = logging.getLogger("cases")


@dataclass
class Settings:
    greeting: str = "hello"


@dataclass
class Query:
    do: str
    rows: int = 0


@export
class Cases(DataSource[Settings, Query], Resources, Streaming):
    def __init__(self, settings: InstanceSettings[Settings]) -> None:
        super().__init__(settings)
        self.http = Http.for_settings(settings)
        self.begun = 0
        self.given_up = 0

    async def query(self, ctx: RequestContext, query: DataQuery[Query]) -> Answered:
        match query.model.do:
            case "fetch":
                body = (await self.http.get(ctx, "slow")).text
                return Frame("fetched").field("text", [body])
            case "hang":
                await self.counted(self.http.get(ctx, "silent"))
            case "stall":
                await self.http.get(ctx, "silent", timeout=0.1)
            case "stall halfway":
                await self.http.get(ctx, "half", timeout=0.1)
            case "sleep":
                await self.counted(asyncio.sleep(3600))
            case "count":
                return Frame("count").field("begun", [self.begun]).field("given up", [self.given_up])
            case "large":
                return FrameStream(parts(query.model.rows))
            case "log":
                log.warning("a line of the guest", extra={"key": "value"})
            case "raise":
                return self.mistake(query.model)
            case "types":
                return every_type()
        return None

    async def counted(self, work: Coroutine[Any, Any, object]) -> None:
        self.begun += 1
        try:
            await work
        finally:
            self.given_up += 1

    def mistake(self, model: Query) -> Frame:
        numbers = {"one": 1}
        return Frame(str(numbers[model.do]))

    async def call_resource(self, ctx: RequestContext, request: ResourceRequest) -> ResourceResponse:
        if request.segments == ["echo"]:
            return ResourceResponse.json({"body": await request.json(), "method": request.method, "q": request.param("q")})
        return ResourceResponse.not_found(request.path)

    async def subscribe_stream(self, ctx: RequestContext, request: StreamRequest) -> Subscribed:
        return Subscribed() if request.path == "count" else Subscribed(Access.NOT_FOUND)

    async def run_stream(self, ctx: RequestContext, request: StreamRequest) -> AsyncIterator[Frame]:
        for count in range(request.json().get("to", 1_000_000)):
            yield Frame("count").field("n", [count])
            await asyncio.sleep(0.001)

    async def publish_stream(self, ctx: RequestContext, request: StreamRequest) -> Published:
        return Published(data={"said": request.json()})


PART = 50_000


def parts(rows: int) -> Iterator[Frame]:
    for start in range(0, rows, PART):
        numbers = range(start, min(rows, start + PART))
        yield Frame("large").field("n", numbers).field("text", [f"row {n}" for n in numbers])


def every_type() -> Frame:
    frame = Frame("types", meta={"type": "table", "notices": [{"severity": "info", "text": "ü"}]})
    frame.field("time", [Timestamp(1_700_000_000_123_456_789), None])
    frame.field("string", ["ü😀", None], labels={"b": "2", "a": "1"}, unit="ms")
    frame.field("bool", [True, None])
    frame.field("json", [{"a": [1, None]}, None])
    frame.field("enum", [1, None], enum_texts=["x", "y"])
    for kind in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"):
        frame.field(kind, [7, None], type=FieldType(kind), nullable=True)
    return frame.field("float64 that has no null", [0.5, 1.5], nullable=False)
