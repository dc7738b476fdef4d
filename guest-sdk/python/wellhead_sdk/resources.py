"""HTTP-shaped calls that editors and tools make of a data source: lists of labels, tables, whatever the plugin offers
below `/api/datasources/uid/:uid/resources/`. Optional: a data source that has them derives from `Resources` too."""

from __future__ import annotations

import abc
import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from .context import RequestContext
from .decode import DecodeError, decode
from .error import PluginError
from .json_text import json_bytes

MAX_BODY = 16 << 20
"""The most of a client's body that is held unless another limit is given."""


@dataclass(slots=True)
class ResourceRequest:
    """What a client asks."""

    method: str
    path: str
    """Without leading slash, still percent-encoded, never with `..`."""
    query: str = ""
    """Without `?`, still percent-encoded."""
    headers: list[tuple[str, str]] = field(default_factory=list)
    chunks: AsyncIterable[bytes] | None = None
    """The client's body as it comes; read once."""

    @property
    def segments(self) -> list[str]:
        """The segments of the path, decoded: `label/job/values` is `["label", "job", "values"]`."""
        return [unquote(segment) for segment in self.path.split("/") if segment]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The pairs of the query, decoded, in order."""
        return parse_qsl(self.query, keep_blank_values=True)

    def param(self, key: str) -> str | None:
        """The first value of this key in the query, decoded."""
        return next((value for name, value in self.pairs if name == key), None)

    async def body(self, limit: int = MAX_BODY) -> bytes:
        """The whole body, at most `limit` bytes of it: past that an error of status 413, and the rest is not read."""
        whole = bytearray()
        async for chunk in self.chunks or _nothing():
            whole += chunk
            if len(whole) > limit:
                message = f"the body has more than the {limit} bytes allowed here: send less"
                raise PluginError(message, status=413)
        return bytes(whole)

    async def json(self, into: Any = Any, limit: int = MAX_BODY) -> Any:
        """Reads the body as JSON. An error names the key and is the client's to mend."""
        try:
            return decode("body", json.loads(await self.body(limit)), into)
        except DecodeError as error:
            raise PluginError.bad_request(str(error)) from None
        except ValueError as error:
            raise PluginError.bad_request(f"body: not JSON: {error}") from None


async def _nothing() -> AsyncIterator[bytes]:
    for chunk in tuple[bytes, ...]():
        yield chunk


@dataclass(slots=True)
class ResourceResponse:
    """What the plugin answers."""

    body: bytes | str | AsyncIterable[bytes] | Iterable[bytes] = b""
    """All of it, or chunk by chunk; an exception in the middle marks it as broken."""
    content_type: str = "text/plain; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any, status: int = 200) -> ResourceResponse:
        """A value as JSON."""
        return cls(json_bytes(value), "application/json", status)

    @classmethod
    def not_found(cls, path: str) -> ResourceResponse:
        """Status 404 and a JSON body that says what there is not."""
        return cls.json({"message": f"there is no resource {json.dumps(path)}"}, 404)


class Resources(abc.ABC):
    """A data source that answers resource calls too."""

    @abc.abstractmethod
    async def call_resource(self, ctx: RequestContext, request: ResourceRequest) -> ResourceResponse:
        """Answers one call. When nobody waits any more it is cancelled, and so is the body it made."""
