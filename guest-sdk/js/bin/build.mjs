// A component of an author's module: the SDK, the module and what it imports are put into one folder, with an entry that hands the
// contract's exports on, and componentize-qjs runs them once and keeps what came of it.

import { componentize } from "componentize-qjs";
import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const OWN_NAME = "wellhead-sdk";
const MANIFEST = "plugin.json";
const SDK = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/**
 * Builds `input`; writes `output`, or a file of the same name that ends in `.wasm`. Hosts look beside it for the manifest: where
 * the module has one beside it, a copy is put there.
 *
 * @param {string} input
 * @param {string} [output]
 */
export async function build(input, output = outputOf(input)) {
  const file = path.resolve(input);
  const world = worldOf(await load(file));
  const stage = await mkdtemp(path.join(tmpdir(), "wellhead-sdk-"));
  try {
    const sources = await fill(stage, path.dirname(file));
    const entry = entryOf(world, path.basename(file), sources);
    const jsPath = path.join(stage, "entry.js");
    await writeFile(jsPath, entry);
    const { component } = await componentize({
      witPath: path.join(SDK, "wit"),
      jsSource: entry,
      jsPath,
      moduleRoot: stage,
      world: world.name,
    });
    await mkdir(path.dirname(path.resolve(output)), { recursive: true });
    const manifest = await readFile(path.join(path.dirname(file), MANIFEST)).catch(() => undefined);
    // First, because a component without one is refused.
    if (manifest) await put(output.replace(/(\.wasm)?$/, `.${MANIFEST}`), manifest);
    await put(output, component);
    return { path: output, bytes: component.length };
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/** Where the component of a module is put unless somebody says otherwise. */
export function outputOf(input) {
  const name = path.basename(input).replace(/\.m?js$/, "").replaceAll("-", "_");
  return path.join(path.dirname(input), `${name}.wasm`);
}

/** Moved into place, because a host that watches the folder must never see half a file. */
async function put(output, bytes) {
  const partial = `${output}.partial`;
  await writeFile(partial, bytes);
  await rename(partial, output);
}

/** Runs the module in Node first, whose messages about mistakes are the better ones. */
async function load(file) {
  const module = await import(pathToFileURL(file).href).catch((error) => {
    throw error instanceof SyntaxError ? located(file, error) : error;
  });
  if (typeof module.default !== "function") {
    throw new Error(`${file} has no class as its default export: write \`export default class … extends DataSource\``);
  }
  return module.default;
}

/** The same error with file and line, which Node tells only of a file that it checks. */
function located(file, error) {
  const checked = spawnSync(process.execPath, ["--check", file], { encoding: "utf8" });
  const said = checked.stderr?.split(/\n\s+at /)[0].trim();
  return checked.status !== 0 && said ? new Error(said) : error;
}

/** What the component exports: what the class has. */
function worldOf(Source) {
  const has = (name) => typeof Source.prototype[name] === "function";
  if (!has("query")) throw new Error(`${Source.name} is no data source: it has no query()`);
  const [resources, streaming] = [has("callResource"), has("subscribeStream") && has("runStream")];
  const name = resources && streaming ? "plugin-full" : resources ? "plugin-resources" : streaming ? "plugin-streaming" : "plugin";
  return { name, exports: ["datasource", resources && "resources", streaming && "streaming"].filter(Boolean) };
}

/** The author's folder without what no component wants, the packages he depends on, and the SDK; returns his sources. */
async function fill(stage, folder) {
  const unwanted = /^(\..*|node_modules|sdk|target|tests?)$/;
  await cp(folder, path.join(stage, "plugin"), {
    recursive: true,
    dereference: true,
    filter: (from) => from === folder || (!unwanted.test(path.basename(from)) && /(^[^.]+|\.(m?js|json))$/.test(path.basename(from))),
  });
  for (const name of await packagesOf(folder)) {
    await cp(path.join(folder, "node_modules", name), path.join(stage, "node_modules", name), { recursive: true, dereference: true });
  }
  for (const part of ["src", "package.json"]) {
    await cp(path.join(SDK, part), path.join(stage, "node_modules", OWN_NAME, part), { recursive: true });
  }
  const files = await readdir(path.join(stage, "plugin"), { recursive: true });
  const scripts = files.filter((name) => /\.m?js$/.test(name) && !/\.test\.m?js$/.test(name));
  const text = async (name) => [`/plugin/${name}`, await readFile(path.join(stage, "plugin", name), "utf8")];
  return Object.fromEntries(await Promise.all(scripts.map(text)));
}

/** The packages that a folder's package.json names as dependencies, and those that they name. */
async function packagesOf(folder) {
  const found = new Set();
  const coming = [folder];
  for (let place; (place = coming.pop()) !== undefined; ) {
    const manifest = JSON.parse(await readFile(path.join(place, "package.json"), "utf8").catch(() => "{}"));
    for (const name of Object.keys(manifest.dependencies ?? {})) {
      if (name === OWN_NAME || found.has(name)) continue;
      found.add(name);
      coming.push(path.join(folder, "node_modules", name));
    }
  }
  return found;
}

function entryOf(world, module, sources) {
  return [
    `import { plugin } from "./node_modules/wellhead-sdk/src/guest/exports.js";`,
    `import Source from ${JSON.stringify(`./plugin/${module}`)};`,
    `const all = plugin(Source, ${JSON.stringify(sources)});`,
    ...world.exports.map((name) => `export const ${name} = all.${name};`),
    "",
  ].join("\n");
}
