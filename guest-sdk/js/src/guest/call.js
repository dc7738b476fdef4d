/** One call: cancelled when the host says that nobody waits any more. The token is dropped whatever becomes of the call. */

import { CancelSignal } from "../cancel.js";
import { asError } from "../fault.js";
import { contextOf, errorTo } from "./convert.js";

/** @typedef {{ read(): Promise<string>, cancelRead(): void, drop(): void }} Token */

/**
 * Does the work of a call. What it returns may go on streaming: `over` then has to be called at its end.
 *
 * @template T
 * @param {any} ctx the contract's
 * @param {Token} token
 * @param {(ctx: import("../context.js").RequestContext, over: () => void) => Promise<{ value: T, streams?: boolean }>} work
 * @returns {Promise<T>}
 */
export async function call(ctx, token, work) {
  const signal = new CancelSignal();
  let watching = true;
  const over = () => {
    if (!watching) return;
    watching = false;
    token.cancelRead();
  };
  const watch = async () => {
    try {
      signal.abort(await token.read());
    } catch {
      // The read was taken back, because the call is over.
    }
    watching = false;
    token.drop();
  };
  void watch();
  try {
    const { value, streams } = await signal.race(work(contextOf(ctx, signal), over));
    if (!streams) over();
    return value;
  } catch (error) {
    over();
    throw errorTo(asError(error));
  }
}
