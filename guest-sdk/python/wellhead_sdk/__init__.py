"""Write a Wellhead data-source plugin in Python: one class, one decorator, one manifest.

::

    from dataclasses import dataclass
    from wellhead_sdk import DataQuery, DataSource, Frame, Http, InstanceSettings, RequestContext, export

    @dataclass
    class Query:
        path: str

    @export
    class Answers(DataSource[dict, Query]):
        def __init__(self, settings: InstanceSettings[dict]) -> None:
            self.http = Http.for_settings(settings)

        async def query(self, ctx: RequestContext, query: DataQuery[Query]) -> Frame:
            values = (await self.http.get(ctx, query.model.path)).json(list[float])
            return Frame("values").field("value", values)

What the SDK takes care of: settings and queries are typed, with errors that name the key; all queries of a request run
side by side and fail apart; a call that nobody waits for any more is cancelled as an asyncio task is; large results leave
in pieces; `logging` and exceptions become lines of the host's log; failures of `Http` have Grafana's statuses.

`python -m wellhead_sdk build MODULE` makes the component. The same code runs under plain Python, where
`wellhead_sdk.testing` stands in for the upstream.
"""

from . import cache, metrics
from .context import RequestContext, User
from .datasource import DataSource, Health, HealthStatus
from .error import ErrorSource, PluginError
from .export import export
from .frame import FieldType, Frame, FrameError
from .http import Http, Response, StreamedResponse, path_segment
from .query import Answered, DataQuery, FrameStream, QueryResult
from .resources import ResourceRequest, ResourceResponse, Resources
from .settings import InstanceSettings, Secrets
from .streaming import Access, Published, StreamRequest, Streaming, Subscribed
from .timestamp import TimeRange, Timestamp

__all__ = [
    "Access",
    "Answered",
    "DataQuery",
    "DataSource",
    "ErrorSource",
    "FieldType",
    "Frame",
    "FrameError",
    "FrameStream",
    "Health",
    "HealthStatus",
    "Http",
    "InstanceSettings",
    "PluginError",
    "Published",
    "QueryResult",
    "RequestContext",
    "ResourceRequest",
    "ResourceResponse",
    "Resources",
    "Response",
    "Secrets",
    "StreamRequest",
    "StreamedResponse",
    "Streaming",
    "Subscribed",
    "TimeRange",
    "Timestamp",
    "User",
    "cache",
    "export",
    "metrics",
    "path_segment",
]
