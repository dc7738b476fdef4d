/** Any value as text, for people: what JSON has no words for, a bigint or a circle, included. Never throws. */

/**
 * @param {unknown} value
 * @returns {string}
 */
export function shown(value) {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return typeof value === "bigint" ? `${value}` : Object.prototype.toString.call(value);
  }
}
