"""One call: its work, cancelled when the host says that nobody waits any more, and what still goes out after it has
returned."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

import componentize_py_async_support as support

from ..fault import as_error
from ..reply import ReaderGone
from . import event_loop
from .convert import raised

T = TypeVar("T")
I = TypeVar("I")


class Call:
    """A call with its cancel token."""

    def __init__(self, cancel: support.futures.FutureReader[Any]) -> None:
        self._work: set[asyncio.Task[Any]] = set()
        self._over = False
        # The host resolves the token when the call is over too, which ends this.
        support.spawn(self._watch(cancel))

    async def _watch(self, cancel: support.futures.FutureReader[Any]) -> None:
        await cancel.read()
        self._over = True
        for task in self._work:
            task.cancel()

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Does the work of the call. Whatever is raised becomes the contract's error."""
        task = self._begin(work)
        try:
            return await task
        except BaseException as exception:
            raise raised(as_error(exception)) from None

    def go_on(self, work: Coroutine[Any, Any, None]) -> None:
        """Does what the call streams after it has returned."""
        task = self._begin(work)

        async def wait() -> None:
            # What was cancelled, or lost its reader, has nobody left to tell.
            await asyncio.wait((task,))
            if not task.cancelled() and (exception := task.exception()) and not isinstance(exception, ReaderGone):
                as_error(exception)

        support.spawn(wait())

    def _begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        if self._over:
            task.cancel()
        return task


class Sink(Generic[I]):
    """The writable end of a stream, which may be given up in the middle of a write."""

    def __init__(self, writer: support.streams.StreamWriter[I]) -> None:
        self._writer = writer
        self._writing = False
        self._closed = False

    async def send(self, items: list[I]) -> None:
        """Writes all items; waits while the reader is behind. Raises `ReaderGone`."""
        self._writing = True
        if await event_loop.uncancelled(self._write(items)) < len(items):
            raise ReaderGone

    async def _write(self, items: list[I]) -> int:
        try:
            written: int = await self._writer.write_all(items)
            return written
        finally:
            self._writing = False
            if self._closed:
                self._drop()

    def close(self) -> None:
        """Ends the stream."""
        if not self._closed:
            self._closed = True
            if not self._writing:
                self._drop()

    def _drop(self) -> None:
        self._writer.__exit__(None, None, None)
