"""What componentize-py's event loop lacks of asyncio's: timers, waits that can be given up, exceptions of forgotten tasks
that do not end the instance.

A wait for the host cannot be taken back in componentize-py 0.25. So each one is a small task of its own, which goes on
when whoever waits is cancelled, and puts away what comes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any, TypeVar

import componentize_py_async_support as support
from wit_world.imports import monotonic_clock

T = TypeVar("T")

_SLICE = 1.0
"""The longest that a timer which nobody needs any more keeps its call open, in seconds."""


async def uncancelled(wait: Coroutine[Any, Any, T], put_away: Callable[[T], object] = lambda _: None) -> T:
    """Waits for the host. If this is cancelled, the wait goes on by itself, and what comes of it is put away."""
    answered: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    async def go_on() -> None:
        try:
            value = await wait
        except BaseException as exception:
            if not answered.done():
                answered.set_exception(exception)
        else:
            if answered.done():
                put_away(value)
            else:
                answered.set_result(value)

    support.spawn(go_on())
    return await answered


async def sleep(seconds: float) -> None:
    """Waits."""
    await uncancelled(monotonic_clock.wait_for(max(0, int(seconds * 1e9))))


def _call_later(
    loop: asyncio.AbstractEventLoop,
    delay: float,
    callback: Callable[..., object],
    *args: Any,
    context: Context | None = None,
) -> asyncio.TimerHandle:
    end = time.monotonic() + delay
    handle = asyncio.TimerHandle(end, callback, args, loop, context or copy_context())

    async def run() -> None:
        while not handle.cancelled() and (left := end - time.monotonic()) > 0:
            await monotonic_clock.wait_for(int(min(left, _SLICE) * 1e9) + 1)
        if not handle.cancelled():
            handle._run()

    support.spawn(run())
    return handle


def _call_at(
    loop: asyncio.AbstractEventLoop,
    when: float,
    callback: Callable[..., object],
    *args: Any,
    context: Context | None = None,
) -> asyncio.TimerHandle:
    return _call_later(loop, when - time.monotonic(), callback, *args, context=context)


def _call_soon(
    loop: asyncio.AbstractEventLoop,
    callback: Callable[..., object],
    *args: Any,
    context: Context | None = None,
) -> asyncio.Handle:
    context = context or copy_context()
    handle = asyncio.Handle(callback, args, loop, context)
    context[support._future_state].handles.append(handle)
    return handle


def _exception_handler(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    exception = context.get("exception")
    logging.getLogger("wellhead_sdk").error("%s", context.get("message"), exc_info=exception)


def install() -> None:
    """Completes the loop, so that asyncio.sleep, timeout, wait_for, gather and TaskGroup work."""
    loop: Any = support._Loop
    loop.call_soon = _call_soon
    loop.call_later = _call_later
    loop.call_at = _call_at
    loop.time = lambda loop: time.monotonic()
    loop.call_exception_handler = _exception_handler
    loop._timer_handle_cancelled = lambda loop, handle: None
