// The data source in Node, before an upstream that is a function.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TestHost, configure, query } from "wellhead-sdk/testing";
import JsonApi from "./json-api.js";

test("an array of objects becomes a table", async () => {
  let asked;
  new TestHost((request) => {
    asked = request.url;
    return { json: [{ name: "a", n: 1 }, { n: 2.5 }] };
  });
  const { frames } = await query(configure(JsonApi), { path: "rows?all=1" });
  assert.deepEqual(frames[0].fields.map(({ name, type }) => `${name}: ${type}`), ["n: float64", "name: string"]);
  assert.equal(asked, "http://upstream/rows?all=1");
});

test("an upstream that says no is quoted", async () => {
  new TestHost(() => ({ status: 404, body: "no such thing" }));
  const { error } = await query(configure(JsonApi), { path: "rows" });
  assert.equal(error.status, 404);
  assert.ok(error.message.includes("no such thing"));
});
