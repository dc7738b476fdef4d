"""All queries of a request side by side. While answers are small they are gathered; the first large one ends the
gathering, and everything from there on travels in pieces while the other queries still run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from . import log
from .context import RequestContext
from .datasource import DataSource
from .decode import DecodeError, read
from .error import PluginError
from .fault import as_error
from .frame import BEST_BYTES, Frame
from .query import DataQuery, FrameStream, QueryResult, as_result

READY_BYTES = BEST_BYTES
"""The most that answers weigh together which go out at once: enough for most dashboards, and no more than one piece."""


@dataclass(slots=True)
class DataResponse:
    """The final word on one refId, as the contract has it."""

    ref_id: str
    status: int = 0
    frames: list[bytes] = field(default_factory=list)
    error: PluginError | None = None


@dataclass(slots=True)
class Begin:
    """A frame begins."""

    ref_id: str
    frame: int
    schema: bytes


@dataclass(slots=True)
class Batch:
    """Rows of a frame."""

    frame: int
    message: bytes


Piece = Begin | Batch | DataResponse


class ReaderGone(Exception):
    """Nobody reads any more: the same as a cancelled call."""


class PieceSink(Protocol):
    """Where pieces go."""

    async def send(self, pieces: list[Piece]) -> None:
        """Hands over pieces, in order; waits while the reader is behind. Raises `ReaderGone`."""


@dataclass(slots=True)
class Answer:
    """What became of one query."""

    ref_id: str
    result: QueryResult

    @property
    def num_bytes(self) -> int | None:
        """About how many bytes its frames have, `None` where that is not known yet."""
        total = 0
        for output in self.result.frames:
            if not isinstance(output, Frame):
                return None
            total += output.num_bytes
        return total

    def response(self) -> DataResponse:
        """The whole answer at once; for what `num_bytes` says is small. A frame that cannot be written is its own query's
        failure."""
        try:
            frames = [output.to_ipc_stream() for output in self.result.frames if isinstance(output, Frame)]
        except Exception as exception:
            return DataResponse(self.ref_id, self.result.status, error=self.result.error or as_error(exception))
        return DataResponse(self.ref_id, self.result.status, frames, self.result.error)


async def answer(
    source: DataSource[Any, Any], ctx: RequestContext, query: DataQuery[str], model: Any = Any
) -> Answer:
    """Reads the model and asks the data source; its log lines bear the refId."""
    token = log.fields.set({"refId": query.ref_id})
    try:
        try:
            query.model = read("query", query.model, model)
        except DecodeError as error:
            raise PluginError.bad_request(str(error)) from None
        return Answer(query.ref_id, as_result(await source.query(ctx, query)))
    except asyncio.CancelledError:
        raise
    except BaseException as exception:
        return Answer(query.ref_id, QueryResult(error=as_error(exception)))
    finally:
        log.fields.reset(token)


@dataclass(slots=True)
class Rest:
    """A large answer, and the queries that had not finished when it had."""

    answers: list[Answer]
    running: list[asyncio.Task[Answer]]

    async def send_to(self, sink: PieceSink) -> None:
        """Sends everything in pieces, answers side by side as they come. Stops, and cancels what still runs, when nobody
        reads."""
        outbox = _Outbox(sink)

        async def finish(task: asyncio.Task[Answer]) -> None:
            await outbox.send(await task)

        sending = [asyncio.create_task(outbox.send(each)) for each in self.answers]
        sending += [asyncio.create_task(finish(task)) for task in self.running]
        try:
            await asyncio.gather(*sending)
        except ReaderGone:
            pass
        finally:
            _cancel(sending)
            _cancel(self.running)


async def run(queries: Iterable[Callable[[], Awaitable[Answer]]]) -> tuple[list[DataResponse], Rest | None]:
    """Runs queries until all are answered or one answer is large: what is there now, and what still comes."""
    starts = list(queries)
    if len(starts) == 1:
        # A task costs as much as a small query.
        return _gather([await starts[0]()], [], [])
    running = [asyncio.ensure_future(start()) for start in starts]
    ready: list[DataResponse] = []
    try:
        while running:
            done, left = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            # Of those that are over at once the first that was asked goes first: a set has no order.
            answers = [task.result() for task in running if task in done]
            running = [task for task in running if task in left]
            ready, rest = _gather(answers, ready, running)
            if rest is not None:
                return ready, rest
    except asyncio.CancelledError:
        _cancel(running)
        raise
    return ready, None


def _gather(
    answers: list[Answer], ready: list[DataResponse], running: list[asyncio.Task[Answer]]
) -> tuple[list[DataResponse], Rest | None]:
    taken = sum(len(frame) for response in ready for frame in response.frames)
    for place, each in enumerate(answers):
        more = each.num_bytes
        if more is None or taken + more > READY_BYTES:
            return ready, Rest(answers[place:], running)
        taken += more
        ready.append(each.response())
    return ready, None


def _cancel(tasks: Iterable[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()


class _Outbox:
    """A sink that several answers share."""

    def __init__(self, sink: PieceSink) -> None:
        self._sink = sink
        self._turn = asyncio.Lock()
        self._frames = 0

    def number(self) -> int:
        self._frames += 1
        return self._frames - 1

    async def hand_over(self, pieces: list[Piece]) -> None:
        async with self._turn:
            await self._sink.send(pieces)

    async def send(self, answer: Answer) -> None:
        """Sends one answer to its end."""
        parcel = _Parcel(self, answer.ref_id)
        error = answer.result.error
        try:
            for output in answer.result.frames:
                if isinstance(output, FrameStream):
                    await parcel.stream(output)
                else:
                    await parcel.frame(output)
        except (ReaderGone, asyncio.CancelledError):
            raise
        except BaseException as exception:
            error = error or as_error(exception)
        await parcel.put(DataResponse(answer.ref_id, answer.result.status, error=error), 0)
        await parcel.hand_over()


class _Parcel:
    """Pieces of one answer that are handed over together: a thousand short series are not a thousand hand-overs."""

    def __init__(self, outbox: _Outbox, ref_id: str) -> None:
        self._outbox = outbox
        self._ref_id = ref_id
        self._pieces: list[Piece] = []
        self._bytes = 0

    async def frame(self, frame: Frame) -> None:
        await self._rows(await self._begin(frame), frame)

    async def stream(self, parts: FrameStream) -> None:
        first: Frame | None = None
        number = 0
        async for part in parts:
            if first is None:
                first, number = part, await self._begin(part)
            elif not first.same_fields(part):
                raise PluginError(f'a part of frame "{part.name}" has other fields than its first part')
            await self._rows(number, part)
            # What the reader waits for is not held back for the next part.
            await self.hand_over()

    async def _begin(self, frame: Frame) -> int:
        number = self._outbox.number()
        schema = frame.schema_message()
        await self.put(Begin(self._ref_id, number, schema), len(schema))
        return number

    async def _rows(self, number: int, frame: Frame) -> None:
        for message in frame.batch_messages():
            await self.put(Batch(number, message), len(message))

    async def put(self, piece: Piece, size: int) -> None:
        if self._bytes and self._bytes + size > BEST_BYTES:
            await self.hand_over()
        self._bytes += size
        self._pieces.append(piece)

    async def hand_over(self) -> None:
        pieces, self._pieces, self._bytes = self._pieces, [], 0
        if pieces:
            await self._outbox.hand_over(pieces)
