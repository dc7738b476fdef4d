"""The contract's records to the SDK's types and back. Nothing is decided here."""

from __future__ import annotations

import json
import math
from typing import Any

from componentize_py_types import Err
from wit_world.imports import wellhead_plugin_types as types

from ..context import RequestContext, User
from ..error import ErrorSource, PluginError
from ..query import DataQuery
from ..reply import Batch, Begin, DataResponse, Piece
from ..settings import InstanceSettings, Secrets
from ..timestamp import TimeRange, Timestamp

_NO_DEADLINE = 0xFFFF_FFFF
_SOURCES = {ErrorSource.PLUGIN: types.ErrorSource.PLUGIN, ErrorSource.DOWNSTREAM: types.ErrorSource.DOWNSTREAM}


def settings_of(settings: types.InstanceSettings, json_data: Any) -> InstanceSettings[Any]:
    return InstanceSettings(
        json_data=json_data,
        id=settings.id,
        uid=settings.uid,
        org_id=settings.org_id,
        name=settings.name,
        url=settings.url,
        user=settings.user,
        database=settings.database,
        basic_auth=settings.basic_auth,
        basic_auth_user=settings.basic_auth_user,
        secrets=Secrets(settings.secrets),
        version=settings.version,
        extensions=dict(settings.extensions),
    )


def context_of(ctx: types.RequestContext) -> RequestContext:
    user = ctx.user
    return RequestContext(
        org_id=ctx.org_id,
        user=User(user.login, user.name, user.email, user.role) if user is not None else None,
        headers=ctx.headers,
        traceparent=ctx.traceparent,
        budget=math.inf if ctx.budget_ms == _NO_DEADLINE else ctx.budget_ms / 1_000,
        extensions=dict(ctx.extensions),
    )


def query_of(query: types.DataQuery) -> DataQuery[str]:
    span = query.time_range
    return DataQuery(
        model=query.model,
        ref_id=query.ref_id,
        query_type=query.query_type,
        max_data_points=query.max_data_points,
        interval_ms=query.interval_ms,
        time_range=TimeRange(_timestamp(span.from_), _timestamp(span.to)),
    )


def _timestamp(instant: types.Instant) -> Timestamp:
    return Timestamp(instant.seconds * 1_000_000_000 + instant.nanoseconds)


def details_of(details: dict[str, Any] | None) -> str | None:
    return None if details is None else json.dumps(details, ensure_ascii=False, default=str)


def error_to(error: PluginError) -> types.PluginError:
    return types.PluginError(error.status, _SOURCES[error.source], error.message, details_of(error.details))


def raised(error: PluginError) -> Err[types.PluginError]:
    """As the contract's exports raise it."""
    return Err(error_to(error))


def response_to(response: DataResponse) -> types.DataResponse:
    error = None if response.error is None else error_to(response.error)
    return types.DataResponse(response.ref_id, response.status, response.frames, error)


def piece_to(piece: Piece) -> types.Piece:
    if isinstance(piece, Begin):
        return types.Piece_Begin(types.FrameBegin(piece.ref_id, piece.frame, piece.schema))
    if isinstance(piece, Batch):
        return types.Piece_Batch(types.FrameBatch(piece.frame, piece.message))
    return types.Piece_Done(response_to(piece))
