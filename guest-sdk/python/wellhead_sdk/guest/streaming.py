"""The calls of the contract's `streaming` interface."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import wit_world
from wit_world.exports import streaming as exports
from wit_world.imports import wellhead_plugin_types as types

from ..fault import as_error
from ..frame import Frame
from ..json_text import json_text
from ..packets import Packets
from ..reply import ReaderGone
from ..streaming import Access, Published, StreamRequest, Subscribed
from . import convert, instance
from .call import Call, Sink

_ACCESS = {access: getattr(exports.Access, access.name) for access in Access}


class Streaming(wit_world.exports.Streaming):
    """What componentize-py calls."""

    async def subscribe_stream(self, ctx: types.RequestContext, path: str, data: str) -> exports.Subscribed:
        source: Any = instance.source()
        try:
            said: Subscribed = await source.subscribe_stream(convert.context_of(ctx), StreamRequest(path, data))
            initial = None if said.initial is None else said.initial.to_ipc_stream()
        except BaseException as exception:
            raise convert.raised(as_error(exception)) from None
        return exports.Subscribed(_ACCESS[said.access], initial)

    async def run_stream(self, ctx: types.RequestContext, path: str, data: str, cancel: Any) -> Any:
        source: Any = instance.source()
        call = Call(cancel)
        writer, reader = wit_world.streaming_packet_stream()
        call.go_on(_feed(source.run_stream(convert.context_of(ctx), StreamRequest(path, data)), Sink(writer)))
        return reader

    async def publish_stream(self, ctx: types.RequestContext, path: str, data: str) -> exports.Published:
        source: Any = instance.source()
        try:
            said: Published = await source.publish_stream(convert.context_of(ctx), StreamRequest(path, data))
            text = None if said.data is None else json_text(said.data)
        except BaseException as exception:
            raise convert.raised(as_error(exception)) from None
        return exports.Published(_ACCESS[said.access], text)


async def _feed(frames: AsyncIterator[Frame], sink: Sink[exports.Packet]) -> None:
    """Sends what a run yields; a failure of it is the last packet."""
    packets = Packets()
    try:
        async for frame in frames:
            packet = packets.packet(frame)
            kind = exports.Packet_Frame if packet.with_schema else exports.Packet_Batch
            await sink.send([kind(packet.bytes)])
    except ReaderGone:
        pass
    except Exception as exception:
        await sink.send([exports.Packet_Failed(convert.error_to(as_error(exception)))])
    finally:
        sink.close()
