/**
 * What went wrong in plugin code, as a `PluginError`: one that was thrown on purpose stays as it is, anything else is told with its
 * place in the source, and logged with its stack.
 */

import { PluginError } from "./error.js";
import { current } from "./host.js";
import { shown } from "./shown.js";

/** @type {Record<string, string>} What the author's files hold, by their paths in the component; a guest cannot read them. */
let sources = {};

/** @param {Record<string, string>} files */
export function rememberSources(files) {
  sources = files;
}

/**
 * The error that the user sees.
 *
 * @param {unknown} thrown
 * @returns {PluginError}
 */
export function asError(thrown) {
  if (thrown instanceof PluginError) return thrown;
  const said = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : `thrown: ${shown(thrown)}`;
  const stack = (thrown instanceof Error && thrown.stack) || "";
  current().log("error", "wellhead-sdk", `${said}\n${stack}`.trimEnd(), []);
  const place = placeOf(stack);
  return new PluginError(place ? `${said} (${place})` : said);
}

/**
 * The innermost line that is the author's: `plugin.js, line 12, in query: const rows = answer.rows`.
 *
 * @param {string} stack
 */
function placeOf(stack) {
  for (const line of stack.split("\n")) {
    const found = /^\s*at (?:async )?(?:(\S+) )?\(?(.+?):(\d+)(?::\d+)?\)?$/.exec(line);
    if (!found || /wellhead-sdk/.test(found[2])) continue;
    const [, name, path, number] = found;
    const file = path.slice(path.lastIndexOf("/") + 1);
    const source = Object.entries(sources).find(([known]) => path.endsWith(known));
    const text = source?.[1].split("\n")[Number(number) - 1]?.trim();
    return `${file}, line ${number}${name ? `, in ${name}` : ""}${text ? `: ${text}` : ""}`;
  }
  return "";
}
