"""Frames, read by Arrow's own reader."""

import datetime
import math
import unittest
from typing import Any

import pyarrow as pa
from wellhead_sdk import FieldType, Frame, FrameError, Timestamp


def read(data: bytes) -> pa.Table:
    table = pa.ipc.open_stream(data).read_all()
    table.validate(full=True)
    return table


def metadata(bearer: Any) -> dict[str, str]:
    return {key.decode(): value.decode() for key, value in bearer.metadata.items()}


class Frames(unittest.TestCase):
    def test_every_type_is_read_back_with_its_nulls(self) -> None:
        frame = Frame("all")
        expected = {}
        for field_type, arrow, value in (
            (FieldType.INT8, pa.int8(), -(2**7)),
            (FieldType.INT16, pa.int16(), -(2**15)),
            (FieldType.INT32, pa.int32(), -(2**31)),
            (FieldType.INT64, pa.int64(), -(2**63)),
            (FieldType.UINT8, pa.uint8(), 2**8 - 1),
            (FieldType.UINT16, pa.uint16(), 2**16 - 1),
            (FieldType.UINT32, pa.uint32(), 2**32 - 1),
            (FieldType.UINT64, pa.uint64(), 2**64 - 1),
            (FieldType.FLOAT32, pa.float32(), 0.5),
            (FieldType.FLOAT64, pa.float64(), -math.inf),
            (FieldType.STRING, pa.string(), "ü😀"),
            (FieldType.BOOL, pa.bool_(), True),
            (FieldType.ENUM, pa.uint16(), 3),
        ):
            frame.field(field_type.value, [value, None, value], type=field_type)
            expected[field_type.value] = (arrow, [value, None, value])
        table = read(frame.to_ipc_stream())
        for name, (arrow, values) in expected.items():
            self.assertEqual((table.schema.field(name).type, table[name].to_pylist()), (arrow, values))

    def test_a_json_field_holds_documents_whatever_the_upstream_sent(self) -> None:
        values = [{"a": [1.5, math.nan, -math.inf]}, None, {"b": "\ud83d", "ü": "😀"}, b"[1]"]
        table = read(Frame("j").field("x", values, type=FieldType.JSON).to_ipc_stream())
        documents = [b'{"a":[1.5,null,null]}', None, '{"b":"?","ü":"😀"}'.encode(), b"[1]"]
        self.assertEqual(table["x"].to_pylist(), documents)
        with self.assertRaisesRegex(FrameError, 'field "x": set is no JSON'):
            Frame().field("x", [{"a": {1}}])

    def test_types_are_found_out(self) -> None:
        for values, field_type in (
            ([1, None], FieldType.INT64),
            ([1, 0.5], FieldType.FLOAT64),
            ([True], FieldType.BOOL),
            (["a"], FieldType.STRING),
            ([{"a": 1}, [2]], FieldType.JSON),
            ([Timestamp(5), datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)], FieldType.TIME),
            ([None], FieldType.FLOAT64),
            ([], FieldType.FLOAT64),
        ):
            frame = Frame().field("x", values)
            self.assertIn(f"x: {field_type.value}>", repr(frame), values)

    def test_nanoseconds_of_instants_are_kept(self) -> None:
        times = [Timestamp.parse("2023-11-14T22:13:20.123456789Z"), None]
        table = read(Frame().field("time", times).to_ipc_stream())
        self.assertEqual(table["time"].cast(pa.int64()).to_pylist(), [1_700_000_000_123_456_789, None])
        self.assertEqual(table.schema.field("time").type, pa.timestamp("ns"))

    def test_metadata_is_grafanas(self) -> None:
        frame = Frame("named", meta={"type": "table", "custom": {"x": math.nan}})
        frame.field("v", [1.0], labels={"b": "2", "a": "1"}, config={"min": 0}, unit="ms", nullable=False)
        frame.field("e", [0], enum_texts=["x"])
        schema = read(frame.to_ipc_stream()).schema
        self.assertEqual(
            metadata(schema),
            {"name": "named", "refId": "", "meta": '{"typeVersion":[0,0],"type":"table","custom":{"x":null}}'},
        )
        self.assertEqual(
            metadata(schema.field("v")),
            {"tstype": "number", "labels": '{"a":"1","b":"2"}', "config": '{"min":0,"unit":"ms"}'},
        )
        self.assertEqual(metadata(schema.field("e")), {"tstype": "enum", "config": '{"type":{"enum":{"text":["x"]}}}'})
        self.assertEqual([field.nullable for field in schema], [False, True])

    def test_pieces_add_up_to_the_frame(self) -> None:
        numbers = range(100_001)
        texts = [None if n % 3 == 0 else "ü" * (n % 7) for n in numbers]
        truths = [None if n % 5 == 0 else n % 2 == 0 for n in numbers]
        frame = Frame().field("n", numbers).field("text", texts).field("truth", truths)
        messages = list(frame.batch_messages(best=100_000))
        table = read(frame.schema_message() + b"".join(messages))
        self.assertGreater(len(messages), 10)
        self.assertLess(max(map(len, messages)), 200_000)
        self.assertEqual(table["text"].to_pylist(), texts)
        self.assertEqual(table["truth"].to_pylist(), truths)

    def test_frames_without_fields_or_rows_are_frames(self) -> None:
        self.assertEqual(read(Frame("none").to_ipc_stream()).num_columns, 0)
        self.assertEqual(read(Frame().field("s", [], type=FieldType.STRING).to_ipc_stream()).num_rows, 0)

    def test_a_wide_frame_is_read_back(self) -> None:
        frame = Frame()
        for n in range(2_000):
            frame.field(f"field {n}", [n], labels={"n": str(n)})
        self.assertEqual(read(frame.to_ipc_stream()).num_columns, 2_000)

    def test_what_does_not_fit_is_an_error_that_names_the_field(self) -> None:
        for add, said in (
            (lambda: Frame().field("x", [1, "a"]), 'field "x": values of int, str have no type in common'),
            (lambda: Frame().field("x", [300], type=FieldType.INT8), 'field "x": 300 is no int8'),
            (lambda: Frame().field("x", [1], type=FieldType.STRING), 'field "x": 1 is no string'),
            (lambda: Frame().field("x", [None], nullable=False), 'field "x" is not nullable and has 1 nulls'),
            (lambda: Frame().field("a", [1]).field("x", []), 'field "x" has 0 values, and field "a" has 1'),
            (lambda: Frame().field("x", [datetime.datetime(2020, 1, 1)]), "has no time zone"),
        ):
            with self.assertRaises(FrameError) as raised:
                add()
            self.assertIn(said, raised.exception.message)


if __name__ == "__main__":
    unittest.main()
