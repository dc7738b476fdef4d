// What a build decides before any tool runs.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { outputOf } from "../bin/build.mjs";

test("the component lies beside its module, under a name that a host's files have", () => {
  assert.equal(outputOf("my-dir/json-api.js"), "my-dir/json_api.wasm");
  assert.equal(outputOf("plugin.mjs"), "plugin.wasm");
});

test("a module that would keep Node alive is built, and the build ends", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "wellhead-sdk-test-"));
  try {
    const plugin = path.join(folder, "plugin.mjs");
    writeFileSync(plugin, "globalThis.setInterval?.(() => {}, 1_000);\nexport default class { async query() {} }\n");
    const sdk = fileURLToPath(new URL("../bin/wellhead-sdk.mjs", import.meta.url));
    const built = spawnSync(process.execPath, [sdk, "build", plugin], { encoding: "utf8", timeout: 120_000 });
    assert.deepEqual([built.status, built.signal], [0, null], built.stderr);
    assert.ok(statSync(path.join(folder, "plugin.wasm")).size > 0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
