"""For an author's own tests, which run under plain Python: a stand-in for the upstream and for the host.

::

    class Rows(unittest.TestCase):
        def test_rows_become_a_table(self) -> None:
            with TestHost(lambda request: Answer(json=[{"n": 1}])):
                source = configure(MySource, url="http://upstream")
                result = query(source, {"path": "rows"})
            assert result.error is None
"""

from __future__ import annotations

import asyncio
import inspect
import json as _json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from . import host
from .context import RequestContext
from .datasource import DataSource, types_of
from .decode import read
from .http.error import Failure, HttpFailure
from .http.response import Incoming
from .query import DataQuery, QueryResult
from .reply import answer as _answer
from .settings import InstanceSettings

__all__ = ["Answer", "Failure", "HttpFailure", "TestHost", "configure", "query", "run"]

T = TypeVar("T")
D = TypeVar("D", bound=DataSource[Any, Any])


class Answer:
    """What an upstream answers."""

    def __init__(
        self,
        status: int = 200,
        body: bytes | str = b"",
        *,
        json: Any = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.status = status
        self.body = _json.dumps(json).encode() if json is not None else body.encode() if isinstance(body, str) else body
        self.headers = [(name, value.encode()) for name, value in (headers or {}).items()]


class TestHost:
    """A host of a test, while the `with` lasts: answers requests by a function, which may be async and may raise
    `HttpFailure`, and keeps what was sent and logged."""

    __test__ = False

    def __init__(self, respond: Callable[[host.Request], Answer | Awaitable[Answer]] = lambda _: Answer(404)) -> None:
        self.respond = respond
        self.requests: list[host.Request] = []
        self.lines: list[str] = []
        self.metrics: list[tuple[str, str, float, dict[str, str]]] = []
        self._cache: dict[str, bytes] = {}

    def __enter__(self) -> TestHost:
        self._before = host.install(self)
        return self

    def __exit__(self, *_: object) -> None:
        host.install(self._before)

    async def fetch(self, request: host.Request) -> Incoming:
        self.requests.append(request)
        await asyncio.sleep(0)
        answered = self.respond(request)
        answer = await answered if inspect.isawaitable(answered) else answered
        left = bytearray(answer.body)

        async def read(most: int) -> bytes:
            taken = bytes(left[:most])
            del left[:most]
            return taken

        return Incoming(answer.status, answer.headers, read, left.clear)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def log(self, level: host.Level, target: str, message: str, fields: host.Pairs) -> None:
        pairs = "".join(f" {key}={value}" for key, value in fields)
        self.lines.append(f"{level.value} {target}: {message}{pairs}")

    def metric(self, kind: host.MetricKind, name: str, value: float, labels: host.Pairs) -> None:
        self.metrics.append((kind.value, name, value, dict(labels)))

    def cache_get(self, key: str) -> bytes | None:
        return self._cache.get(key)

    def cache_set(self, key: str, value: bytes, ttl_ms: int) -> None:
        self._cache[key] = value

    def cache_delete(self, key: str) -> None:
        self._cache.pop(key, None)


def configure(source: type[D], *, json_data: dict[str, Any] | None = None, **settings: Any) -> D:
    """A data source of this class, as the host would configure it."""
    into, _ = types_of(source)
    read_data = read("jsonData", _json.dumps(json_data or {}), into)
    return source(InstanceSettings(read_data, **{"url": "http://upstream", **settings}))


def query(source: DataSource[Any, Any], model: Any, *, ctx: RequestContext | None = None, **about: Any) -> QueryResult:
    """Asks one query, as the host would. The result has the frames, and the error in the place of an exception."""
    _, into = types_of(type(source))
    asked = DataQuery(model=_json.dumps(model), **about)
    return run(_answer(source, ctx or RequestContext(), asked, into)).result


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end."""
    return asyncio.run(work)
