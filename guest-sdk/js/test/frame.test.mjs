// Frames, read by Arrow's own reader.

import assert from "node:assert/strict";
import { test } from "node:test";
import { tableFromIPC } from "apache-arrow";
import { Frame, PluginError, Timestamp } from "../src/index.js";
import { concat } from "../src/frame/ipc.js";
import { decode, decodeByHand, encodeByHand } from "../src/utf8.js";

const values = (table, name) => [...table.getChild(name)];

test("every type is read back with its nulls", () => {
  const expected = {
    int8: [-(2 ** 7), "Int8"],
    int16: [-(2 ** 15), "Int16"],
    int32: [-(2 ** 31), "Int32"],
    int64: [-(2n ** 63n), "Int64"],
    uint8: [2 ** 8 - 1, "Uint8"],
    uint16: [2 ** 16 - 1, "Uint16"],
    uint32: [2 ** 32 - 1, "Uint32"],
    uint64: [2n ** 64n - 1n, "Uint64"],
    float32: [0.5, "Float32"],
    float64: [-Infinity, "Float64"],
    string: ["ü😀", "Utf8"],
    bool: [true, "Bool"],
    enum: [3, "Uint16"],
  };
  const frame = new Frame("all");
  for (const [type, [value]] of Object.entries(expected)) frame.field(type, [value, null, value], { type });
  const table = tableFromIPC(frame.toIpcStream());
  for (const [type, [value, arrow]] of Object.entries(expected)) {
    assert.equal(String(table.getChild(type).type), arrow);
    assert.deepEqual(values(table, type), [value, null, value]);
  }
});

test("types are found out", () => {
  const cases = [
    [[1, null], "float64"],
    [[1n], "int64"],
    [[true], "bool"],
    [["a"], "string"],
    [[{ a: 1 }, [2]], "json"],
    [[new Date(0), new Timestamp(0)], "time"],
    [Int16Array.of(1), "int16"],
    [[undefined], "float64"],
    [[], "float64"],
  ];
  for (const [list, type] of cases) assert.equal(new Frame().field("x", list).fields[0].type, type);
});

test("nanoseconds of instants are kept", () => {
  const frame = new Frame().field("t", [new Timestamp(1_700_000_000, 123_456_789), 5n, 1.5], { type: "time" });
  assert.deepEqual([...frame.columns[0].data], [1_700_000_000_123_456_789n, 5n, 1_500_000n]);
  assert.equal(String(new Timestamp(1_700_000_000, 120_000_000)), "2023-11-14T22:13:20.12Z");
  assert.equal(Timestamp.fromNanos(-1n).nanos, -1n);
  assert.equal(String(Timestamp.fromSeconds(1.9999999)), "1970-01-01T00:00:02Z");
  assert.deepEqual(Timestamp.fromMillis(1999.9999999), new Timestamp(2, 0));
});

test("metadata is Grafana's", () => {
  const frame = new Frame("named", { type: "table", custom: { x: NaN } })
    .field("v", [1], { labels: { b: "2", a: "1" }, config: { min: 0 }, unit: "ms", nullable: false })
    .field("e", [0], { enumTexts: ["x"] });
  const { schema } = tableFromIPC(frame.toIpcStream());
  assert.deepEqual(Object.fromEntries(schema.metadata), {
    name: "named",
    refId: "",
    meta: '{"typeVersion":[0,0],"type":"table","custom":{"x":null}}',
  });
  assert.deepEqual(Object.fromEntries(schema.fields[0].metadata), {
    tstype: "number",
    labels: '{"a":"1","b":"2"}',
    config: '{"min":0,"unit":"ms"}',
  });
  assert.deepEqual(schema.fields.map((field) => field.nullable), [false, true]);
});

test("pieces add up to the frame", () => {
  const numbers = Array.from({ length: 100_001 }, (_, n) => n);
  const texts = numbers.map((n) => (n % 3 === 0 ? null : "ü".repeat(n % 7)));
  const truths = numbers.map((n) => (n % 5 === 0 ? null : n % 2 === 0));
  const frame = new Frame().field("n", numbers).field("text", texts).field("truth", truths);
  const messages = [...frame.batchMessages(100_000)];
  assert.ok(messages.length > 10 && messages.every((message) => message.length < 200_000));
  const table = tableFromIPC(concat([frame.schemaMessage(), ...messages]));
  assert.deepEqual(values(table, "text"), texts);
  assert.deepEqual(values(table, "truth"), truths);
});

test("what does not fit is an error that names the field", () => {
  const cases = [
    [() => new Frame().field("x", [1, "a"]), 'field "x": values of float64 and string have no type in common'],
    [() => new Frame().field("x", [300], { type: "int8" }), 'field "x": 300 is no int8'],
    [() => new Frame().field("x", [0.5], { type: "int64" }), 'field "x": 0.5 is no int64'],
    [() => new Frame().field("x", [2n ** 64n], { type: "int64" }), "is no int64"],
    [() => new Frame().field("x", [new Date("2300-01-01")]), "is beyond what nanoseconds in 64 bits reach"],
    [() => new Frame().field("x", [2n ** 64n], { type: "time" }), "is beyond what nanoseconds in 64 bits reach"],
    [() => new Frame().field("x", [() => 1]), "is no JSON"],
    [() => new Frame().field("x", [{ a: 5n }]), "is no JSON"],
    [() => new Frame().field("x", [1], { type: "strnig" }), '"strnig" is no field type'],
    [() => new Frame().field("x", [null], { nullable: false }), 'field "x" is not nullable and has 1 nulls'],
    [() => new Frame().field("a", [1]).field("x", []), 'field "x" has 0 values, and field "a" has 1'],
  ];
  for (const [add, said] of cases) {
    assert.throws(add, (error) => error instanceof PluginError && error.message.includes(said));
  }
});

test("a byte order mark is no part of a text, in the sandbox and in Node", async () => {
  const marked = Uint8Array.of(0xef, 0xbb, 0xbf, 0x5b, 0x5d);
  const { TextDecoder } = globalThis;
  delete globalThis.TextDecoder;
  const guest = await import("../src/utf8.js?without-decoder");
  globalThis.TextDecoder = TextDecoder;
  assert.deepEqual([decode(marked), guest.decode(marked)], ["[]", "[]"]);
});

test("UTF-8 by hand is that of the platform, wrong bytes included", () => {
  let seed = 1;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
  for (let round = 0; round < 5_000; round++) {
    const bytes = Uint8Array.from({ length: random(12) }, () => (random(3) ? 128 + random(128) : random(128)));
    assert.equal(decodeByHand(bytes), new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
    const text = String.fromCharCode(...Array.from({ length: random(6) }, () => (random(2) ? 0xd700 + random(0x900) : random(0x800))));
    assert.deepEqual(encodeByHand(text), new TextEncoder().encode(text));
  }
});
