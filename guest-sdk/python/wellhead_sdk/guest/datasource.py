"""The calls of the contract's `datasource` interface."""

from __future__ import annotations

import functools
import logging
from typing import Any

import wit_world
from wit_world.exports import datasource as exports
from wit_world.imports import wellhead_plugin_types as types

from ..context import RequestContext
from ..datasource import DataSource, Health, HealthStatus
from ..error import ErrorSource, PluginError
from ..reply import Piece, answer, run
from . import convert, instance
from .call import Call, Sink

_STATUSES = {status: getattr(exports.HealthStatus, status.name) for status in HealthStatus}


class Datasource(wit_world.exports.Datasource):
    """What componentize-py calls."""

    async def configure(self, settings: types.InstanceSettings) -> None:
        instance.configure(settings)

    async def query_data(
        self, ctx: types.RequestContext, queries: list[types.DataQuery], cancel: Any
    ) -> exports.QueryReply:
        source, context = instance.source(), convert.context_of(ctx)
        call = Call(cancel)
        asked = [
            functools.partial(answer, source, context, convert.query_of(query), instance.query_type)
            for query in queries
        ]
        ready, rest = await call.run(run(asked))
        pieces = None
        if rest is not None:
            writer, pieces = wit_world.wellhead_plugin_types_piece_stream()
            outlet = _Pieces(Sink(writer))

            async def send() -> None:
                try:
                    await rest.send_to(outlet)
                finally:
                    outlet.sink.close()

            call.go_on(send())
        return exports.QueryReply([convert.response_to(response) for response in ready], pieces)

    async def check_health(self, ctx: types.RequestContext, cancel: Any) -> exports.Health:
        health = await Call(cancel).run(_check(instance.source(), convert.context_of(ctx)))
        return exports.Health(_STATUSES[health.status], health.message, convert.details_of(health.details))

    async def shutdown(self) -> None:
        source = instance.source_if_any()
        if source is not None:
            try:
                await source.shutdown()
            except Exception:
                logging.getLogger("wellhead_sdk").exception("shutdown")


class _Pieces:
    """Pieces on their way to the host."""

    def __init__(self, sink: Sink[types.Piece]) -> None:
        self.sink = sink

    async def send(self, pieces: list[Piece]) -> None:
        await self.sink.send([convert.piece_to(piece) for piece in pieces])


async def _check(source: DataSource[Any, Any], ctx: RequestContext) -> Health:
    """An upstream that fails is a finding, a plugin that fails is not."""
    try:
        return await source.check_health(ctx)
    except PluginError as error:
        if error.source is not ErrorSource.DOWNSTREAM:
            raise
        return Health.error(error.message)
