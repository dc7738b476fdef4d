/**
 * Live channels: who may subscribe, the run that feeds a channel, what a client publishes. Optional: a class that has
 * `subscribeStream` and `runStream` exports them. Fanning a run out to its subscribers is the host's.
 *
 * A channel is one path of the data source. The host asks `subscribeStream` for every subscriber, and starts one `runStream` for all
 * who asked for the same path with the same data.
 */

import { asError } from "./fault.js";

/**
 * @typedef {import("./frame/frame.js").Frame} Frame
 * @typedef {import("./context.js").RequestContext} RequestContext
 * @typedef {{ path: string, data: any }} StreamRequest A channel of this data source, and the JSON that was sent along, `{}` if none.
 * @typedef {"ok" | "not-found" | "permission-denied"} Access What is said of a channel and a caller.
 * @typedef {{ access: Access, initial?: Frame }} Subscribed `initial` is shown before the channel's next frame.
 * @typedef {{ access: Access, data?: any }} Published `data` goes to the subscribers in the place of what was published.
 * @typedef {{
 *   subscribeStream(ctx: RequestContext, request: StreamRequest): Promise<Subscribed>,
 *   runStream(ctx: RequestContext, request: StreamRequest): AsyncIterable<Frame>,
 *   publishStream?(ctx: RequestContext, request: StreamRequest): Promise<Published>,
 * }} Streaming `runStream` yields frames, each one update for all subscribers: write it as `async *runStream`. The next one is asked
 *   for when the host has taken the one before it. Returning ends the stream; an error is shown, and the host starts another run.
 * @typedef {{ tag: "frame" | "batch", val: Uint8Array } | { tag: "failed", val: import("./error.js").PluginError }} Packet
 */

/**
 * A run's frames as the contract's packets: the schema travels with the first frame and whenever name, metadata or fields change;
 * otherwise rows alone do. A failure is the last packet.
 *
 * @param {AsyncIterable<Frame>} frames
 * @returns {AsyncGenerator<Packet>}
 */
export async function* packets(frames) {
  let known = "";
  try {
    for await (const frame of frames) {
      const schema = JSON.stringify([frame.name, frame.meta, frame.fields]);
      if (schema === known && frame.numRows) {
        yield { tag: "batch", val: /** @type {Uint8Array} */ (frame.batchMessages(Infinity).next().value) };
      } else {
        known = schema;
        yield { tag: "frame", val: frame.toIpcStream() };
      }
    }
  } catch (error) {
    yield { tag: "failed", val: asError(error) };
  }
}
