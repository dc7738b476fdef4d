/** One query of a request, and what answers it: frames that are there, or frames whose rows still come. */

import { Frame } from "./frame/frame.js";

/**
 * One query. `refId` is what the answer is filed under, `maxDataPoints` how many points a panel can show, `intervalMs` the
 * suggested step, at least 1, `model` the plugin's own query.
 *
 * @template [Q=any]
 * @typedef {{ refId: string, queryType: string, maxDataPoints: number, intervalMs: number,
 *   timeRange: import("./timestamp.js").TimeRange, model: Q }} DataQuery
 */

/**
 * One frame that comes part by part, for results larger than memory should hold.
 *
 * Every part is a `Frame` of the same fields; the first one gives the whole its name and metadata, and the rows of each are
 * appended. A part is made only when the host has taken those before it, so a slow reader slows the upstream down. An error
 * ends the frame and is the answer's error.
 */
export class FrameStream {
  /** @param {AsyncIterable<Frame> | Iterable<Frame>} parts */
  constructor(parts) {
    this.parts = parts;
  }
}

/** What answers a query where frames alone do not say it: a status, or an error where only a part could be had. */
export class QueryResult {
  /**
   * @param {Frame | FrameStream | (Frame | FrameStream)[]} frames
   * @param {{ error?: import("./error.js").PluginError, status?: number }} [about]
   */
  constructor(frames, { error, status = 0 } = {}) {
    this.frames = Array.isArray(frames) ? frames : [frames];
    this.error = error;
    this.status = status;
  }
}

/** @typedef {Frame | FrameStream | (Frame | FrameStream)[] | QueryResult | undefined} Answered */

/**
 * Any answer in its one form.
 *
 * @param {Answered | null} answered
 */
export function asResult(answered) {
  const result = answered instanceof QueryResult ? answered : new QueryResult(answered ?? []);
  for (const output of result.frames) {
    if (!(output instanceof Frame || output instanceof FrameStream)) {
      throw new TypeError(`a query is answered with frames, not with ${typeof output}`);
    }
  }
  return result;
}
