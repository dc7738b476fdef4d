// Queries from the contract's text to the final word on their refIds.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DataSource, Frame, FrameStream, PluginError, QueryResult, RequestContext } from "../src/index.js";
import { text } from "../src/log.js";
import { answer, run } from "../src/reply.js";
import { read } from "../src/shape.js";
import { packets } from "../src/streaming.js";
import { TestHost, configure, query } from "../src/testing.js";

class Numbers extends DataSource {
  async query(ctx, { model: { rows = 0, waits = 0, fail, kind } }) {
    for (let turn = 0; turn < waits; turn++) await undefined;
    if (fail) throw PluginError.downstream(fail);
    if (kind) return new FrameStream(parts(rows, kind));
    return new Frame("n").field("n", Float64Array.from({ length: rows }, (_, n) => n));
  }
}

let made = 0;

function* parts(rows, kind) {
  for (let start = 0; start < rows; start += 10_000) {
    made++;
    yield new Frame("n").field("n", new Float64Array(Math.min(10_000, rows - start)));
    if (kind === "broken") throw PluginError.downstream("cut");
  }
}

async function ask(models) {
  const source = configure(Numbers);
  const ctx = new RequestContext();
  const asked = Object.entries(models).map(([refId, model]) => answer(source, ctx, { refId, model: JSON.stringify(model) }));
  const { ready, rest } = await run(asked);
  return { ready, rest };
}

const line = (piece) =>
  piece.tag === "begin" ? `begin ${piece.refId}` : piece.tag === "batch" ? `batch ${piece.frame}` : `done ${piece.response.refId}`;

test("small answers are ready together and one failure is its own", async () => {
  const { ready, rest } = await ask({ A: { rows: 3, waits: 2 }, B: { fail: "no" }, C: {} });
  assert.equal(rest, undefined);
  const summary = Object.fromEntries(ready.map(({ refId, frames, error }) => [refId, [frames.length, error?.message]]));
  assert.deepEqual(summary, { A: [1, undefined], B: [0, "no"], C: [1, undefined] });
});

test("an answer that cannot be written, or is none, is its own failure", async () => {
  const circle = {};
  circle.circle = circle;
  const answers = {
    meta: () => new Frame("n", { custom: 5n }),
    five: () => new QueryResult([5]),
    thrown: () => {
      throw 5n;
    },
    circle: () => {
      throw circle;
    },
    single: () => new QueryResult(new Frame("n").field("n", [1])),
  };
  class Odd extends DataSource {
    async query(ctx, { refId }) {
      return answers[refId]();
    }
  }
  new TestHost();
  const source = configure(Odd);
  const { ready } = await run(Object.keys(answers).map((refId) => answer(source, new RequestContext(), { refId, model: "{}" })));
  const said = Object.fromEntries(ready.map(({ refId, frames, error }) => [refId, error?.message ?? frames.length]));
  assert.match(said.meta, /BigInt/);
  assert.match(said.five, /answered with frames, not with number/);
  assert.deepEqual([said.thrown, said.circle, said.single], ["thrown: 5", "thrown: [object Object]", 1]);
});

test("any value can be logged", () => {
  assert.deepEqual(["a", 5n, { a: 1 }, undefined, Object.create(null), { toJSON: () => 5n }].map(text), [
    "a",
    "5",
    '{"a":1}',
    "undefined",
    "{}",
    "[object Object]",
  ]);
});

test("a large answer travels in pieces and later ones with it", async () => {
  const { ready, rest } = await ask({ small: { rows: 3 }, large: { rows: 400_000, waits: 9 }, late: { rows: 3, waits: 50 } });
  const lines = [];
  for await (const piece of rest) lines.push(line(piece));
  assert.deepEqual(ready.map(({ refId }) => refId), ["small"]);
  assert.deepEqual(lines, ["begin large", "batch 0", "batch 0", "batch 0", "batch 0", "done large", "begin late", "batch 1", "done late"]);
});

test("parts are made only as they are taken", async () => {
  const { rest } = await ask({ A: { rows: 10_000_000, kind: "stream" } });
  made = 0;
  for (let piece = 0; piece < 4; piece++) await rest.next();
  await rest.return();
  assert.ok(made < 5, String(made));
});

test("an error in the middle ends the frame and is the answer's error", async () => {
  const { rest } = await ask({ A: { rows: 50_000, kind: "broken" } });
  const pieces = [];
  for await (const piece of rest) pieces.push(piece);
  assert.deepEqual(pieces.map(line), ["begin A", "batch 0", "done A"]);
  assert.equal(pieces.at(-1).response.error.message, "cut");
});

test("an exception is told with its place and logged with its stack", async () => {
  class Wrong extends Numbers {
    async query() {
      return null.rows;
    }
  }
  const host = new TestHost();
  const { error } = await query(configure(Wrong), {});
  assert.equal(error.status, 500);
  assert.match(error.message, /^TypeError: Cannot read properties of null.* \(answers\.test\.mjs, line \d+, in Wrong\.query/);
  assert.ok(host.lines[0].startsWith("error wellhead-sdk TypeError"));
});

test("an error names the key that is wrong", () => {
  const shape = { path: "string", limit: "integer?", tags: ["string"], inner: { step: "number" } };
  const right = { path: "p", tags: [], inner: { step: 1 }, refId: "A" };
  assert.deepEqual(read("query", JSON.stringify(right), shape), right);
  for (const [wrong, said] of [
    [{ path: 1 }, "query.path: expected a string, found 1"],
    [{ path: undefined }, 'query: missing key "path"'],
    [{ limit: 0.5 }, "query.limit: expected an integer, found 0.5"],
    [{ tags: ["a", 1] }, "query.tags[1]: expected a string, found 1"],
    [{ inner: {} }, 'query.inner: missing key "step"'],
  ]) {
    assert.throws(() => read("query", JSON.stringify({ ...right, ...wrong }), shape), { status: 400, message: said });
  }
  assert.throws(() => read("query", "{", shape), { status: 400 });
});

test("a channel's schema travels first and whenever it changes, and a failure last", async () => {
  async function* frames() {
    yield new Frame("a").field("n", [1]);
    yield new Frame("a").field("n", [2]);
    yield new Frame("b").field("n", [3]);
    throw PluginError.downstream("closed");
  }
  const tags = [];
  for await (const packet of packets(frames())) tags.push(packet.tag);
  assert.deepEqual(tags, ["frame", "batch", "frame", "failed"]);
});
