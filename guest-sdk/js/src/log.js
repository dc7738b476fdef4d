/** Lines of the host's log, which filters, limits and blanks secrets. In a guest `console` writes there too. */

import * as host from "./host.js";
import { shown } from "./shown.js";

/** @typedef {(message: string, fields?: Record<string, unknown>) => void} Write Fields become text. */

/**
 * A log under a name.
 *
 * @param {string} target
 * @returns {Record<host.Level, Write>}
 */
export function logger(target) {
  /** @param {host.Level} level */
  const at = (level) => (/** @type {string} */ message, /** @type {Record<string, unknown>} */ fields = {}) =>
    host.current().log(level, target, message, Object.entries(fields).map(([key, value]) => [key, text(value)]));
  return { trace: at("trace"), debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** The log under the name `plugin`. */
export const log = logger("plugin");

/** @param {unknown} value */
export function text(value) {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value.name}: ${value.message}\n${value.stack ?? ""}`.trimEnd();
  return shown(value);
}
