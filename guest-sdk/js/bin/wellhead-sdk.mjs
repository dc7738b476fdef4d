#!/usr/bin/env node
// `wellhead-sdk build PLUGIN.js [-o OUT.wasm] [--quiet]`: makes a component of the module whose default export is the plugin.

import { build } from "./build.mjs";

const USAGE = "usage: wellhead-sdk build PLUGIN.js [-o OUT.wasm] [--quiet]";

function arguments_([command, ...rest]) {
  const at = rest.indexOf("-o");
  const output = at < 0 ? undefined : rest.splice(at, 2)[1];
  const quietly = rest.indexOf("--quiet");
  if (quietly >= 0) rest.splice(quietly, 1);
  if (command !== "build" || rest.length !== 1 || (at >= 0 && output === undefined)) {
    console.error(USAGE);
    process.exit(2);
  }
  return { input: rest[0], output, quiet: quietly >= 0 };
}

const { input, output, quiet } = arguments_(process.argv.slice(2));
try {
  const { path, bytes } = await build(input, output);
  if (!quiet) console.error(`${path}: ${bytes} bytes`);
  // The module was run here: a timer or a server that it started must not keep the build from its end.
  process.exit(0);
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
