/** Waiting for time. Nothing here blocks, because a blocked guest blocks every call of its data source. */

import { current } from "./host.js";

/**
 * Waits, until the call is cancelled at most.
 *
 * @param {import("./context.js").RequestContext} ctx
 * @param {number} ms
 */
export function sleep(ctx, ms) {
  return ctx.signal.race(current().sleep(ms));
}
