/** Checks of JSON against a small description, with errors that name the key that is wrong. */

import { PluginError } from "./error.js";

/**
 * What a key must hold: the name of a type, with `?` behind it where the key may be missing or null; a list of one such for an
 * array of them; a shape for an object.
 *
 *     { path: "string", limit: "integer?", tags: ["string"], range: { from: "number" } }
 *
 * @typedef {string | [Shape] | { [key: string]: Shape }} Shape
 */

/** @type {Record<string, [string, (value: any) => boolean]>} */
const TYPES = {
  string: ["a string", (value) => typeof value === "string"],
  number: ["a number", (value) => typeof value === "number"],
  integer: ["an integer", Number.isInteger],
  boolean: ["true or false", (value) => typeof value === "boolean"],
  object: ["an object", isObject],
  array: ["a list", Array.isArray],
  any: ["anything", () => true],
};

/**
 * Reads JSON text, where an empty text means an empty object, and checks it.
 *
 * @param {string} what
 * @param {string} text
 * @param {Shape} [shape]
 * @returns {any}
 * @throws {PluginError} of status 400
 */
export function read(what, text, shape) {
  let value;
  try {
    value = text.trim() ? JSON.parse(text) : {};
  } catch (error) {
    throw PluginError.badRequest(`${what}: not JSON: ${error instanceof Error ? error.message : error}`);
  }
  if (shape !== undefined) check(what, value, shape);
  return value;
}

/**
 * @param {string} what
 * @param {any} value
 * @param {Shape} shape
 * @throws {PluginError} of status 400
 */
export function check(what, value, shape) {
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) throw unexpected(what, "a list", value);
    value.forEach((item, index) => check(`${what}[${index}]`, item, shape[0]));
  } else if (typeof shape === "object") {
    if (!isObject(value)) throw unexpected(what, "an object", value);
    for (const [key, inner] of Object.entries(shape)) {
      if (value[key] != null) check(`${what}.${key}`, value[key], inner);
      else if (!optional(inner)) throw PluginError.badRequest(`${what}: missing key ${JSON.stringify(key)}`);
    }
  } else {
    const [name, fits] = TYPES[shape.replace(/\?$/, "")] ?? [`"${shape}"`, () => false];
    if (!fits(value)) throw unexpected(what, name, value);
  }
}

/** @param {Shape} shape */
function optional(shape) {
  return typeof shape === "string" && shape.endsWith("?");
}

/** @param {any} value */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * @param {string} what
 * @param {string} expected
 * @param {any} value
 */
function unexpected(what, expected, value) {
  const found = JSON.stringify(value);
  return PluginError.badRequest(`${what}: expected ${expected}, found ${found.length < 80 ? found : `${found.slice(0, 79)}…`}`);
}
