"""Async HTTP to the data source's own URL. The host enforces which origins may be reached, pools connections, speaks TLS,
follows redirects and, under `auth: host`, signs; this module builds requests, bounds answers and turns failures into
`PluginError`s with Grafana's statuses."""

from __future__ import annotations

import base64
import json as _json
from collections.abc import Mapping
from typing import Any, Self

from .. import host
from ..context import RequestContext
from ..error import PluginError
from ..settings import InstanceSettings
from .address import Address, Pairs, encode_pairs
from .error import HttpFailure
from .patience import patient, within
from .response import Incoming, Response, StreamedResponse, beginning, collect

MAX_BODY = 64 << 20
"""The most of a body that is read unless `max_body` says otherwise."""


class Http:
    """A client for one base URL, `http` or `https`, to which request paths are appended.

    ::

        rows = (await http.get(ctx, "api/rows", query={"limit": 100})).json()
    """

    def __init__(self, base_url: str, *, headers: Mapping[str, str] | None = None, max_body: int = MAX_BODY) -> None:
        self._base = Address.parse(base_url)
        self._headers = {name.lower(): value for name, value in (headers or {}).items()}
        self._max_body = max_body

    @classmethod
    def for_settings(cls, settings: InstanceSettings[Any], *, max_body: int = MAX_BODY) -> Self:
        """A client for the data source's URL. Where the plugin is trusted with the secrets, it sends basic auth
        (`basicAuthPassword`) by itself; under `auth: host` there are none here, and the host does it."""
        http = cls(settings.url, max_body=max_body)
        password = settings.secrets.get("basicAuthPassword")
        if settings.basic_auth and password is not None:
            http._headers["authorization"] = basic(settings.basic_auth_user, password)
        return http

    async def get(self, ctx: RequestContext, path: str = "", **request: Any) -> Response:
        """A GET of a path below the base URL; see `request`."""
        return await self.request("GET", ctx, path, **request)

    async def post(self, ctx: RequestContext, path: str = "", **request: Any) -> Response:
        """A POST to a path below the base URL; see `request`."""
        return await self.request("POST", ctx, path, **request)

    async def request(
        self,
        method: str,
        ctx: RequestContext,
        path: str = "",
        *,
        query: Pairs = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
        content_type: str | None = None,
        json: Any = None,
        form: Pairs | None = None,
        timeout: float | None = None,
        any_status: bool = False,
    ) -> Response:
        """Sends a request for a path below the base URL, or for an absolute URL of an origin that the manifest asks for,
        and waits for the whole answer.

        The context gives it the headers to forward and the trace. Parts of a path that come from users go through
        `path_segment`; `query` and `form` are encoded. Of `body`, `json` and `form` one is sent. Each step (the beginning of
        the answer, the gap between two reads of its body) is waited for `timeout` seconds at most; the call's budget is a
        bound at any rate.

        Raises `PluginError` where there is no answer, or none in time, where it is larger than `max_body`, and, unless
        `any_status`, for every status but 2xx: with that status, and the beginning of the answer in the message.
        """
        sent = self._send(method, ctx, path, query, headers, body, content_type, json, form, timeout)
        incoming, address = await sent
        try:
            if any_status or 200 <= incoming.status < 300:
                return Response(method, address, incoming, await collect(method, incoming, self._max_body))
            return Response(method, address, incoming, await beginning(incoming)).raise_for_status()
        except HttpFailure as failure:
            raise failure.of(method, address) from None

    async def stream(
        self,
        method: str,
        ctx: RequestContext,
        path: str = "",
        *,
        query: Pairs = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
        content_type: str | None = None,
        json: Any = None,
        form: Pairs | None = None,
        timeout: float | None = None,
    ) -> StreamedResponse:
        """As `request`, but waits only for status and headers: for bodies too large to hold, which `max_body` does not
        bound."""
        sent = self._send(method, ctx, path, query, headers, body, content_type, json, form, timeout)
        incoming, address = await sent
        if not 200 <= incoming.status < 300:
            Response(method, address, incoming, await beginning(incoming)).raise_for_status()
        return StreamedResponse(method, address, incoming)

    async def _send(
        self,
        method: str,
        ctx: RequestContext,
        path: str,
        query: Pairs,
        headers: Mapping[str, str] | None,
        body: bytes | str | None,
        content_type: str | None,
        json: Any,
        form: Pairs | None,
        timeout: float | None,
    ) -> tuple[Incoming, Address]:
        address = self._base.join(path).with_pairs(query)
        if json is not None:
            body, content_type = _json.dumps(json, ensure_ascii=False), content_type or "application/json"
        elif form is not None:
            body, content_type = encode_pairs(form), content_type or "application/x-www-form-urlencoded"
        # What the author set wins over what the caller sent.
        sent = dict(ctx.headers)
        if ctx.traceparent is not None:
            sent["traceparent"] = ctx.traceparent
        sent.update(self._headers)
        if content_type is not None:
            sent["content-type"] = content_type
        sent.update({name.lower(): value for name, value in (headers or {}).items()})
        data = body.encode() if isinstance(body, str) else body or b""
        request = host.Request(method, address.url, _encoded(sent), data)
        try:
            return patient(timeout, await within(timeout, host.current().fetch(request))), address
        except HttpFailure as failure:
            raise failure.of(method, address) from None


def basic(user: str, password: str) -> str:
    """The value of an `Authorization` header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _encoded(headers: Mapping[str, str]) -> list[tuple[str, bytes]]:
    for name, value in headers.items():
        if any(c in value for c in "\r\n\0") or not name.isascii():
            raise PluginError.bad_request(f'header "{name}" has characters no header may have')
    return [(name, value.encode()) for name, value in headers.items()]
