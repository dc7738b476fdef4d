"""The call of the contract's `resources` interface. Bodies stream through; nothing is held whole."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

import wit_world
from componentize_py_types import Err, Ok
from wit_world.exports import resources as exports
from wit_world.imports import wellhead_plugin_types as types

from ..fault import as_error
from ..reply import ReaderGone
from ..resources import ResourceRequest, ResourceResponse
from . import convert, instance
from .call import Call, Sink
from .imports import Body

_READ = 64 << 10


class Resources(wit_world.exports.Resources):
    """What componentize-py calls."""

    async def call_resource(
        self, ctx: types.RequestContext, request: exports.ResourceRequest, cancel: Any
    ) -> exports.ResourceResponse:
        source: Any = instance.source()
        body = Body(request.body)
        headers = [(name, value.decode("latin-1")) for name, value in request.headers]
        asked = ResourceRequest(request.method, request.path, request.query, headers, _chunks(body))
        call = Call(cancel)
        response: ResourceResponse = await call.run(source.call_resource(convert.context_of(ctx), asked))
        writer, reader = wit_world.result_list_u8_wellhead_plugin_types_plugin_error_stream()
        call.go_on(_send(response, Sink(writer), body))
        sent = {"content-type": response.content_type, **response.headers}
        return exports.ResourceResponse(
            response.status, [(name.lower(), value.encode()) for name, value in sent.items()], reader
        )


async def _chunks(body: Body) -> AsyncIterator[bytes]:
    while chunk := await body.read(_READ):
        yield chunk


async def _send(response: ResourceResponse, sink: Sink[Any], request: Body) -> None:
    try:
        body = response.body
        if isinstance(body, str):
            body = body.encode()
        try:
            if isinstance(body, bytes):
                if body:
                    await sink.send([Ok(body)])
            elif isinstance(body, AsyncIterable):
                async for chunk in body:
                    await sink.send([Ok(chunk)])
            else:
                for chunk in body:
                    await sink.send([Ok(chunk)])
        except ReaderGone:
            pass
        except Exception as exception:
            await sink.send([Err(convert.error_to(as_error(exception)))])
    finally:
        sink.close()
        # What was not read of the client's body is not wanted.
        request.close()
