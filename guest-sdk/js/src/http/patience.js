/** How long an answer may take, step by step. */

import { CancelSignal } from "../cancel.js";
import { current } from "../host.js";
import { HttpFailure } from "./error.js";

/** The longest that a timer which nobody needs any more keeps its call open: the host's cannot be taken back. */
const SLICE_MS = 1_000;

/**
 * Sends a request, and waits for each step (the beginning of the answer, the gap between two reads of its body) no longer than the
 * limit. What takes longer is given up, and an `HttpFailure`.
 *
 * @param {import("../host.js").Request} request
 * @param {CancelSignal} signal
 * @param {number | undefined} limitMs
 * @returns {Promise<import("../host.js").Incoming>}
 */
export async function send(request, signal, limitMs) {
  if (limitMs === undefined) return current().fetch(request, signal);
  const own = new CancelSignal();
  const forget = signal.onAbort(() => own.abort(signal.reason));
  const late = () => new HttpFailure("timeout", `${limitMs} ms`);
  /**
   * @template T
   * @param {() => Promise<T>} begin
   * @param {(value: T) => void} giveUp
   */
  const step = async (begin, giveUp) => {
    let [isOver, isLate] = [false, false];
    void after(limitMs, () => {
      if (isOver) return;
      isLate = true;
      own.abort("no answer in time");
    }, () => isOver);
    try {
      const value = await begin();
      if (!isLate) return value;
      // A read of a body that is taken back ends as if nothing were left.
      giveUp(value);
      throw late();
    } catch (error) {
      forget();
      throw isLate ? late() : error;
    } finally {
      isOver = true;
    }
  };
  const incoming = await step(() => current().fetch(request, own), (answer) => answer.close());
  const close = () => {
    forget();
    incoming.close();
  };
  return { ...incoming, read: () => step(incoming.read, close), close };
}

/**
 * Calls back after some time, unless nobody wants it to any more.
 *
 * @param {number} ms
 * @param {() => void} due
 * @param {() => boolean} isUnwanted
 */
async function after(ms, due, isUnwanted) {
  for (let left = ms; left > 0 && !isUnwanted(); left -= SLICE_MS) await current().sleep(Math.min(left, SLICE_MS));
  due();
}
