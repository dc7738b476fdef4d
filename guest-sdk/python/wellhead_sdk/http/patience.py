"""How long an answer may take, step by step."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from .error import Failure, HttpFailure
from .response import Incoming

T = TypeVar("T")


async def within(limit: float | None, step: Awaitable[T]) -> T:
    """Waits for a step of an exchange, no longer than the limit in seconds. Raises `HttpFailure`."""
    if limit is None:
        return await step
    try:
        async with asyncio.timeout(limit):
            return await step
    except TimeoutError:
        raise HttpFailure(Failure.TIMEOUT, f"{limit * 1000:.0f} ms") from None


def patient(limit: float | None, incoming: Incoming) -> Incoming:
    """The same answer, for each part of whose body nobody waits longer than that."""
    if limit is None:
        return incoming
    return Incoming(incoming.status, incoming.headers, lambda most: within(limit, incoming.read(most)), incoming.close)
