/** The contract's imports as the SDK's `Host`. Imported only while a component is made: these modules exist nowhere else. */

import cache from "wellhead:plugin/cache@0.1.0";
import fetch from "wellhead:plugin/fetch@0.1.0";
import log from "wellhead:plugin/log@0.1.0";
import metrics from "wellhead:plugin/metrics@0.1.0";
import clock from "wasi:clocks/monotonic-clock@0.3.0";

import { cancelled } from "../cancel.js";
import { HttpFailure } from "../http/error.js";
import { text } from "../log.js";

/** What one read of a body asks for. */
const READ = 64 << 10;

/** @type {import("../host.js").Host} */
export const guestHost = {
  async fetch(request, signal) {
    signal.throwIfAborted();
    const future = fetch.send(request);
    const answered = await interruptible(future, signal, () => future.read());
    future.drop();
    if (answered.tag === "err") throw new HttpFailure(answered.val.tag, answered.val.val);
    const { status, headers, body } = answered.val;
    let open = true;
    const close = () => {
      if (open) body.drop();
      open = false;
    };
    const read = async () => {
      if (!open) return undefined;
      const chunk = await interruptible(body, signal, () => body.read(READ), close);
      return chunk.length ? chunk : undefined;
    };
    return { status, headers, read, close };
  },
  sleep: (ms) => clock.waitFor(Math.max(0, Math.round(ms * 1e6))),
  log: (level, target, message, fields) => log.write(level, target, message, fields),
  metric: (kind, name, value, labels) => metrics[kind](name, value, labels),
  cacheGet: (key) => cache.get(key) ?? undefined,
  cacheSet: (key, value, ttlMs) => cache.set(key, value, ttlMs),
  cacheDelete: (key) => cache.delete(key),
};

/**
 * Waits for a read of the host's, which is taken back when the call is cancelled; then the handle is dropped, which gives up what
 * it stands for.
 *
 * @template T
 * @param {{ cancelRead(): void, drop(): void }} handle
 * @param {import("../cancel.js").CancelSignal} signal
 * @param {() => Promise<T>} read
 * @returns {Promise<T>}
 */
async function interruptible(handle, signal, read, drop = () => handle.drop()) {
  signal.throwIfAborted();
  const forget = signal.onAbort(() => handle.cancelRead());
  try {
    const value = await read();
    forget();
    return value;
  } catch (error) {
    forget();
    if (!signal.aborted) throw error;
    drop();
    throw cancelled(signal.reason);
  }
}

/** `console`, which the engine lacks, writes lines of the host's log. */
export function installConsole() {
  /** @param {import("../host.js").Level} level */
  const at = (level) => (/** @type {unknown[]} */ ...values) => log.write(level, "console", values.map(text).join(" "), []);
  const console = { debug: at("debug"), log: at("info"), info: at("info"), warn: at("warn"), error: at("error") };
  Object.assign(globalThis, { console });
}
