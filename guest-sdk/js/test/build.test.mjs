// What a build decides before any tool runs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { outputOf } from "../bin/build.mjs";

test("the component lies beside its module, under a name that a host's files have", () => {
  assert.equal(outputOf("my-dir/json-api.js"), "my-dir/json_api.wasm");
  assert.equal(outputOf("plugin.mjs"), "plugin.wasm");
});
