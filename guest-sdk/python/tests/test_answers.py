"""Queries from the contract's text to the final word on their refIds."""

import asyncio
import functools
import unittest
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from wellhead_sdk import (
    Answered,
    DataQuery,
    DataSource,
    Frame,
    FrameStream,
    InstanceSettings,
    PluginError,
    QueryResult,
    RequestContext,
)
from wellhead_sdk import log
from wellhead_sdk.decode import DecodeError, read
from wellhead_sdk.packets import Packets
from wellhead_sdk.reply import Batch, Begin, DataResponse, Piece, ReaderGone, answer, run
from wellhead_sdk.testing import TestHost, configure, query


@dataclass
class Inner:
    step: int


@dataclass
class Model:
    rows: int = 0
    waits: int = 0
    fail: str = ""
    kind: Literal["frame", "stream", "broken stream"] = "frame"
    max_rows: int | None = None
    inner: Inner | None = None
    names: list[str] = field(default_factory=list)


class Numbers(DataSource[dict[str, Any], Model]):
    async def query(self, ctx: RequestContext, query: DataQuery[Model]) -> Answered:
        model = query.model
        for _ in range(model.waits):
            await asyncio.sleep(0)
        if model.fail:
            raise PluginError.downstream(model.fail)
        if model.kind == "frame":
            return Frame("n").field("n", range(model.rows))
        return FrameStream(parts(model))


def parts(model: Model) -> Iterator[Frame]:
    for start in range(0, model.rows, 10_000):
        yield Frame("n").field("n", range(start, min(model.rows, start + 10_000)))
        if model.kind == "broken stream":
            raise PluginError.downstream("cut")


class Kept:
    """Keeps what it is sent; hangs up after so many pieces."""

    def __init__(self, most: int = 1_000_000) -> None:
        self.pieces: list[Piece] = []
        self.most = most

    async def send(self, pieces: list[Piece]) -> None:
        self.pieces += pieces
        await asyncio.sleep(0)
        if len(self.pieces) > self.most:
            raise ReaderGone

    def lines(self) -> list[str]:
        def line(piece: Piece) -> str:
            match piece:
                case Begin():
                    return f"begin {piece.ref_id} {piece.frame}"
                case Batch():
                    return f"batch {piece.frame}"
                case DataResponse():
                    return f"done {piece.ref_id}"

        return [line(piece) for piece in self.pieces]


def ask(sink: Kept, **models: str) -> list[DataResponse]:
    async def go() -> list[DataResponse]:
        source = Numbers(InstanceSettings({}))
        ctx = RequestContext()
        asked = [
            functools.partial(answer, source, ctx, DataQuery(model, ref_id), Model) for ref_id, model in models.items()
        ]
        ready, rest = await run(asked)
        if rest is not None:
            await rest.send_to(sink)
        return ready

    with TestHost():
        return asyncio.run(go())


class Replies(unittest.TestCase):
    def test_small_answers_are_ready_together_and_one_failure_is_its_own(self) -> None:
        ready = ask(Kept(), A='{"rows": 3, "waits": 2}', B='{"fail": "no"}', C="{}")
        summary = {each.ref_id: (len(each.frames), each.error and each.error.message) for each in ready}
        self.assertEqual(summary, {"A": (1, None), "B": (0, "no"), "C": (1, None)})

    def test_an_answer_that_cannot_be_written_or_is_none_is_its_own_failure(self) -> None:
        answers: dict[str, Any] = {
            "meta": Frame("n", meta={"custom": {1}}),
            "five": QueryResult([5]),  # type: ignore[list-item]
            "single": QueryResult(Frame("n").field("n", [1])),  # type: ignore[arg-type]
        }

        class Odd(Numbers):
            async def query(self, ctx: RequestContext, query: DataQuery[Model]) -> Answered:
                return answers[query.ref_id]  # type: ignore[no-any-return]

        async def go() -> list[DataResponse]:
            source = Odd(InstanceSettings({}))
            asked = [functools.partial(answer, source, RequestContext(), DataQuery("{}", key), Model) for key in answers]
            return (await run(asked))[0]

        with TestHost():
            said = {each.ref_id: each.error.message if each.error else len(each.frames) for each in asyncio.run(go())}
        self.assertIn("TypeError: set is no JSON", str(said["meta"]))
        self.assertIn("a query is answered with frames, not with int", str(said["five"]))
        self.assertEqual(said["single"], 1)

    def test_a_large_answer_travels_in_pieces_and_later_ones_with_it(self) -> None:
        kept = Kept()
        ready = ask(kept, small='{"rows": 3}', large='{"rows": 400000, "waits": 1}', late='{"rows": 3, "waits": 9}')
        lines = kept.lines()
        self.assertEqual([each.ref_id for each in ready], ["small"])
        self.assertEqual(lines.count("batch 0"), 4)
        self.assertEqual({line for line in lines if line.startswith("done")}, {"done large", "done late"})
        self.assertLess(lines.index("begin large 0"), lines.index("batch 0"))

    def test_parts_are_made_only_as_they_are_taken_and_not_at_all_once_nobody_reads(self) -> None:
        kept = Kept(most=4)
        ask(kept, A='{"rows": 10000000, "kind": "stream"}')
        self.assertLess(len(kept.pieces), 10)

    def test_an_error_in_the_middle_ends_the_frame_and_is_the_answers_error(self) -> None:
        kept = Kept()
        ask(kept, A='{"rows": 50000, "kind": "broken stream"}')
        self.assertEqual(kept.lines(), ["begin A 0", "batch 0", "done A"])
        last = kept.pieces[-1]
        assert isinstance(last, DataResponse) and last.error is not None
        self.assertEqual(last.error.message, "cut")

    def test_an_exception_is_told_with_its_source_line(self) -> None:
        log.install()

        class Wrong(Numbers):
            async def query(self, ctx: RequestContext, query: DataQuery[Model]) -> Answered:
                return None if {}["rows"] else None

        with TestHost() as host:
            error = query(configure(Wrong), {}).error
        assert error is not None
        self.assertRegex(error.message, r"^KeyError: 'rows' \(test_answers.py, line \d+, in query: return None if")
        self.assertEqual(error.status, 500)
        self.assertIn("Traceback", host.lines[0])


class Models(unittest.TestCase):
    def test_keys_are_read_in_either_spelling_and_others_are_passed_over(self) -> None:
        model = read("query", '{"maxRows": 3, "inner": {"step": 1}, "refId": "A", "names": ["a"]}', Model)
        self.assertEqual((model.max_rows, model.inner, model.names), (3, Inner(1), ["a"]))
        self.assertEqual(read("query", " ", Model), Model())

    def test_an_error_names_the_key_that_is_wrong(self) -> None:
        for text, said in (
            ('{"rows": "x"}', 'query.rows: expected an integer, found "x"'),
            ('{"rows": true}', "query.rows: expected an integer, found true"),
            ('{"inner": {}}', 'query.inner: missing key "step"'),
            ('{"names": ["a", 1]}', "query.names[1]: expected a string, found 1"),
            ('{"kind": "x"}', 'query.kind: expected one of "frame", "stream"'),
            ("[]", "query: expected an object, found []"),
            ("{", "query: not JSON"),
        ):
            with self.assertRaises(DecodeError) as raised:
                read("query", text, Model)
            self.assertIn(said, str(raised.exception))


class Channels(unittest.TestCase):
    def test_the_schema_travels_first_and_whenever_it_changes(self) -> None:
        packets = Packets()
        frames = [Frame("a").field("n", [1]), Frame("a").field("n", [2]), Frame("b").field("n", [3]), Frame("b")]
        self.assertEqual([packets.packet(frame).with_schema for frame in frames], [True, False, True, True])


if __name__ == "__main__":
    unittest.main()
