/**
 * Calls that nobody waits for any more. As much of `AbortSignal` as the engine in the sandbox lacks, with a listener that can
 * be taken back.
 */

import { PluginError } from "./error.js";

/** Tells the work of a call that it is not wanted any more. */
export class CancelSignal {
  #listeners = new Set();

  constructor() {
    this.aborted = false;
    /** Why: `caller-gone`, `deadline` or `draining`. */
    this.reason = "";
  }

  /** @param {string} reason */
  abort(reason) {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }

  /**
   * Calls back once it is cancelled.
   *
   * @param {() => void} listener
   * @returns {() => void} takes the listener back
   */
  onAbort(listener) {
    if (this.aborted) {
      listener();
      return () => {};
    }
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Throws where the call is cancelled: for loops that compute. */
  throwIfAborted() {
    if (this.aborted) throw cancelled(this.reason);
  }

  /**
   * Waits for `work`, until the call is cancelled at most; what is given up then has to end by itself.
   *
   * @template T
   * @param {Promise<T>} work
   * @returns {Promise<T>}
   */
  race(work) {
    return new Promise((resolve, reject) => {
      const forget = this.onAbort(() => reject(cancelled(this.reason)));
      work.then(resolve, reject).finally(forget);
    });
  }
}

/** @param {string} reason */
export function cancelled(reason) {
  return new PluginError(`cancelled: ${reason}`, { status: 499 });
}
