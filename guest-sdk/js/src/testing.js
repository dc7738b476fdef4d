/** For an author's own tests, which run in Node: a stand-in for the upstream and for the host. */

import { RequestContext } from "./context.js";
import { install } from "./host.js";
import { HttpFailure } from "./http/error.js";
import { answer as ask } from "./reply.js";
import { read } from "./shape.js";
import { Timestamp } from "./timestamp.js";
import { decode, encode } from "./utf8.js";

export { HttpFailure };

/**
 * @typedef {{ method: string, url: string, headers: Record<string, string>, body: string }} SentRequest A request as an upstream would
 *   see it.
 * @typedef {{ status?: number, headers?: Record<string, string>, body?: string | Uint8Array, json?: unknown }} Answered
 */

/** A host of a test: answers requests, keeps what was logged. */
export class TestHost {
  /** @param {(request: SentRequest) => Answered | Promise<Answered>} answer may throw an `HttpFailure` */
  constructor(answer = () => ({ status: 404 })) {
    this.answer = answer;
    /** @type {string[]} */
    this.lines = [];
    /** @type {string[]} */
    this.metrics = [];
    /** @type {Map<string, Uint8Array>} */
    this.cache = new Map();
    install({
      fetch: async (request, signal) => {
        const headers = Object.fromEntries(request.headers.map(([name, value]) => [name, decode(value)]));
        const sent = { method: request.method, url: request.url, headers, body: decode(request.body) };
        const { status = 200, body, json, headers: answered = {} } = await signal.race(Promise.resolve(this.answer(sent)));
        const bytes = json !== undefined ? encode(JSON.stringify(json)) : typeof body === "string" ? encode(body) : body;
        let left = bytes?.length ? [bytes] : [];
        return {
          status,
          headers: Object.entries(answered).map(([name, value]) => [name, encode(value)]),
          read: async () => left.shift(),
          close: () => {
            left = [];
          },
        };
      },
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      log: (level, target, message, fields) =>
        this.lines.push([level, target, message, ...fields.map(([key, value]) => `${key}=${value}`)].join(" ")),
      metric: (kind, name, value, labels) => this.metrics.push(`${kind} ${name} ${value} ${JSON.stringify(labels)}`),
      cacheGet: (key) => this.cache.get(key),
      cacheSet: (key, value) => void this.cache.set(key, value),
      cacheDelete: (key) => void this.cache.delete(key),
    });
  }
}

/**
 * A data source of this class, as the host would configure it.
 *
 * @template {import("./datasource.js").DataSource} T
 * @param {(new (settings: import("./datasource.js").InstanceSettings) => T) & { settingsShape?: import("./shape.js").Shape }} Source
 * @param {Partial<import("./datasource.js").InstanceSettings>} [settings]
 */
export function configure(Source, settings = {}) {
  const jsonData = read("jsonData", JSON.stringify(settings.jsonData ?? {}), Source.settingsShape);
  return new Source({
    id: 1,
    uid: "test",
    orgId: 1,
    name: "test",
    url: "http://upstream",
    user: "",
    database: "",
    basicAuth: false,
    basicAuthUser: "",
    secrets: {},
    version: 1,
    extensions: {},
    ...settings,
    jsonData,
  });
}

/**
 * Asks one query, as the host would. The result has the frames, and the error in the place of an exception.
 *
 * @param {import("./datasource.js").DataSource} source
 * @param {object} model
 * @param {{ ctx?: RequestContext } & Partial<import("./query.js").DataQuery>} [about]
 */
export async function query(source, model, { ctx = new RequestContext(), ...about } = {}) {
  const timeRange = { from: Timestamp.fromMillis(0), to: Timestamp.fromMillis(3_600_000) };
  const asked = { refId: "A", queryType: "", maxDataPoints: 1000, intervalMs: 1000, timeRange, ...about };
  return (await ask(source, ctx, { ...asked, model: JSON.stringify(model) })).result;
}
