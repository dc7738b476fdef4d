/**
 * What the host gives a plugin, behind one small interface: the contract's imports in a guest, stand-ins in an author's tests. The
 * rest of the SDK asks `current()` and does not know which it is.
 */

/**
 * @typedef {{ method: string, url: string, headers: [string, Uint8Array][], body: Uint8Array }} Request
 * @typedef {{ status: number, headers: [string, Uint8Array][], read: () => Promise<Uint8Array | undefined>, close: () => void }}
 *   Incoming An answer: `read` gives what is there of the body, nothing at its end, `close` gives the rest up.
 * @typedef {"trace" | "debug" | "info" | "warn" | "error"} Level
 * @typedef {[string, string][]} Pairs
 * @typedef {{
 *   fetch(request: Request, signal: import("./cancel.js").CancelSignal): Promise<Incoming>,
 *   sleep(ms: number): Promise<void>,
 *   log(level: Level, target: string, message: string, fields: Pairs): void,
 *   metric(kind: "add" | "set" | "observe", name: string, value: number, labels: Pairs): void,
 *   cacheGet(key: string): Uint8Array | undefined,
 *   cacheSet(key: string, value: Uint8Array, ttlMs: number): void,
 *   cacheDelete(key: string): void,
 * }} Host The contract's imports. `fetch` rejects with an `HttpFailure`.
 */

/** @type {Host | undefined} */
let host;

/**
 * The host, or what stands in for it.
 *
 * @returns {Host}
 */
export function current() {
  if (!host) throw new Error("outside a host there is none to ask: use wellhead-sdk/testing");
  return host;
}

/**
 * Puts a host in place; returns the one before.
 *
 * @param {Host | undefined} next
 */
export function install(next) {
  const before = host;
  host = next;
  return before;
}
