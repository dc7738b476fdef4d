/**
 * Memory that the replicas of one data source on a host share. It may lose anything at any time, is never on disk, and is emptied
 * when the plugin or the data source's settings change: for answers that are dear to get twice. A key has at most 512 bytes, a value
 * 1 MiB.
 */

import { current } from "./host.js";
import { decode, encode } from "./utf8.js";

/**
 * The value under `key`, if it is still there.
 *
 * @param {string} key
 * @returns {any}
 */
export function get(key) {
  const bytes = current().cacheGet(key);
  return bytes && JSON.parse(decode(bytes));
}

/**
 * Keeps a value as JSON, for so long at most.
 *
 * @param {string} key
 * @param {any} value
 * @param {number} ttlMs
 */
export function set(key, value, ttlMs) {
  current().cacheSet(key, encode(JSON.stringify(value)), Math.min(ttlMs, 0xffff_ffff));
}

/**
 * Forgets what is under `key`.
 *
 * @param {string} key
 */
export function remove(key) {
  current().cacheDelete(key);
}

/**
 * The value under `key`; where there is none, `fetch` gets it and it is kept. Failures are not kept.
 *
 * @template T
 * @param {string} key
 * @param {number} ttlMs
 * @param {() => Promise<T>} fetch
 * @returns {Promise<T>}
 */
export async function getOrFetch(key, ttlMs, fetch) {
  const kept = get(key);
  if (kept !== undefined) return kept;
  const value = await fetch();
  set(key, value, ttlMs);
  return value;
}
