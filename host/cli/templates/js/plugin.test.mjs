// What the plugin makes of answers: in Node, with the API stood in for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TestHost, configure, query } from "wellhead-sdk/testing";
import Source from "./plugin.js";

const API = "https://api.example.com/v1";

/** What the plugin answers to a query for `place` where the API gives these readings. */
function ask(place, readings, jsonData) {
  new TestHost(({ url }) =>
    [`${API}/readings/oslo`, `${API}/readings/s%C3%A3o%20paulo`].includes(url)
      ? { json: readings }
      : { status: 404, body: `no ${url}` },
  );
  return query(configure(Source, { url: API, jsonData }), { place });
}

test("readings become rows", async () => {
  const { frames } = await ask("oslo", [{ time: 1767225600, celsius: -4.5 }, { time: 1767229200, celsius: null }]);
  assert.deepEqual([frames[0].name, frames[0].numRows], ["oslo", 2]);
  assert.equal(frames[0].fields[1].metadata.labels, '{"place":"oslo"}');
});

test("no answer is longer than the settings allow", async () => {
  const { frames } = await ask("oslo", [0, 60, 120].map((time) => ({ time, celsius: 1 })), { maxRows: 2 });
  assert.equal(frames[0].numRows, 2);
});

test("a place may have any name", async () => {
  assert.equal((await ask("são paulo", [])).error, undefined);
});

test("what the API refuses is its own error", async () => {
  const { error } = await ask("atlantis", []);
  assert.equal(error.status, 404);
  assert.ok(error.message.includes("readings/atlantis"), error.message);
});
