/**
 * Write a Wellhead data-source plugin in JavaScript: one class, one manifest.
 *
 *     import { DataSource, Frame, Http } from "wellhead-sdk";
 *
 *     export default class Answers extends DataSource {
 *       static queryShape = { path: "string" };
 *
 *       constructor(settings) {
 *         super(settings);
 *         this.http = Http.forSettings(settings);
 *       }
 *
 *       async query(ctx, query) {
 *         const values = (await this.http.get(ctx, query.model.path)).json(["number"]);
 *         return new Frame("values").field("value", values);
 *       }
 *     }
 *
 * What the SDK takes care of: models are checked, with errors that name the key; all queries of a request run side by side and fail
 * apart; a call that nobody waits for any more ends, and its cancel token is dropped; large results leave in pieces; `console` and
 * exceptions become lines of the host's log; failures of `Http` have Grafana's statuses.
 *
 * `wellhead-sdk build plugin.js` makes the component. The same code runs in Node, where `wellhead-sdk/testing` stands in for the
 * upstream.
 */

export * as cache from "./cache.js";
export { RequestContext } from "./context.js";
export { DataSource } from "./datasource.js";
export { PluginError } from "./error.js";
export { Frame } from "./frame/frame.js";
export { Http } from "./http/client.js";
export { pathSegment } from "./http/address.js";
export { log, logger } from "./log.js";
export { Counter, Gauge, Histogram } from "./metrics.js";
export { FrameStream, QueryResult } from "./query.js";
export { ResourceRequest, ResourceResponse } from "./resources.js";
export { sleep } from "./task.js";
export { Timestamp } from "./timestamp.js";
