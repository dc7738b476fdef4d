"""The contract's imports as the SDK's `Host`."""

from __future__ import annotations

from componentize_py_types import Err, Ok
from wit_world.imports import cache, fetch, log, metrics

from ..host import Level, MetricKind, Pairs, Request
from ..http.error import Failure, HttpFailure
from ..http.response import Incoming
from . import event_loop

_LEVELS = {level: getattr(log.Level, level.name) for level in Level}
_METRICS = {MetricKind.ADD: metrics.add, MetricKind.SET: metrics.set, MetricKind.OBSERVE: metrics.observe}
_FAILURES = (
    (fetch.FetchError_Denied, Failure.DENIED),
    (fetch.FetchError_Unresolved, Failure.UNRESOLVED),
    (fetch.FetchError_Refused, Failure.REFUSED),
    (fetch.FetchError_Timeout, Failure.TIMEOUT),
    (fetch.FetchError_Tls, Failure.TLS),
    (fetch.FetchError_Limit, Failure.TOO_LARGE),
)


class GuestHost:
    """The host of this component."""

    async def fetch(self, request: Request) -> Incoming:
        sent = fetch.Request(request.method, request.url, request.headers, request.body)
        answered = await event_loop.uncancelled(fetch.send(sent).read(), _put_away)
        if not isinstance(answered, Ok):
            raise _failure(answered.value)
        response = answered.value
        body = Body(response.body)
        return Incoming(response.status, response.headers, body.read, body.close)

    async def sleep(self, seconds: float) -> None:
        await event_loop.sleep(seconds)

    def log(self, level: Level, target: str, message: str, fields: Pairs) -> None:
        log.write(_LEVELS[level], target, message, fields)

    def metric(self, kind: MetricKind, name: str, value: float, labels: Pairs) -> None:
        _METRICS[kind](name, value, labels)

    def cache_get(self, key: str) -> bytes | None:
        found: bytes | None = cache.get(key)
        return found

    def cache_set(self, key: str, value: bytes, ttl_ms: int) -> None:
        cache.set(key, value, ttl_ms)

    def cache_delete(self, key: str) -> None:
        cache.delete(key)


class Body:
    """A body that can be closed while a read is under way, which the stream itself cannot."""

    def __init__(self, stream: fetch.ByteStreamReader) -> None:
        self._stream = stream
        self._reading = False
        self._closed = False

    async def read(self, most: int) -> bytes:
        if self._closed:
            return b""
        self._reading = True
        return await event_loop.uncancelled(self._read(most))

    async def _read(self, most: int) -> bytes:
        try:
            return bytes(await self._stream.read(most))
        finally:
            self._reading = False
            if self._closed:
                self._drop()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            if not self._reading:
                self._drop()

    def _drop(self) -> None:
        self._stream.__exit__(None, None, None)


def _put_away(answered: Ok[fetch.Response] | Err[fetch.FetchError]) -> None:
    if isinstance(answered, Ok):
        answered.value.body.__exit__(None, None, None)


def _failure(error: fetch.FetchError) -> HttpFailure:
    failure = next((failure for kind, failure in _FAILURES if isinstance(error, kind)), Failure.BROKEN)
    return HttpFailure(failure, getattr(error, "value", ""))
