/**
 * Async HTTP to the data source's own URL. The host enforces which origins may be reached, pools connections, speaks TLS, follows
 * redirects and, under `auth: host`, signs; this module builds requests, bounds answers and turns failures into `PluginError`s with
 * Grafana's statuses.
 */

import { PluginError } from "../error.js";
import { encode } from "../utf8.js";
import { Address, encodePairs } from "./address.js";
import { base64 } from "./base64.js";
import { HttpFailure } from "./error.js";
import { send } from "./patience.js";
import { Response, StreamedResponse, beginning, collect } from "./response.js";

/**
 * @typedef {import("../context.js").RequestContext} RequestContext
 * @typedef {import("./address.js").Pairs} Pairs
 * @typedef {{ query?: Pairs, headers?: Record<string, string>, body?: Uint8Array | string, contentType?: string, json?: unknown,
 *   form?: Pairs, timeoutMs?: number }} Parts What a request has beside method and path. Of `body`, `json` and `form` one is sent.
 *   Each step (the beginning of the answer, the gap between two reads of its body) is waited for `timeoutMs` at most; the call's
 *   budget is a bound at any rate.
 */

/** The most of a body that is read unless `maxBody` says otherwise. */
const MAX_BODY = 64 << 20;

/** A client for one base URL, `http` or `https`, to which request paths are appended. */
export class Http {
  #base;
  #headers;
  #maxBody;

  /**
   * @param {string} baseUrl
   * @param {{ headers?: Record<string, string>, maxBody?: number }} [about]
   */
  constructor(baseUrl, { headers = {}, maxBody = MAX_BODY } = {}) {
    this.#base = Address.parse(baseUrl);
    this.#headers = lower(headers);
    this.#maxBody = maxBody;
  }

  /**
   * A client for the data source's URL. Where the plugin is trusted with the secrets, it sends basic auth (`basicAuthPassword`) by
   * itself; under `auth: host` there are none here, and the host does it.
   *
   * @param {import("../datasource.js").InstanceSettings} settings
   * @param {{ maxBody?: number }} [about]
   */
  static forSettings(settings, { maxBody } = {}) {
    const password = settings.secrets.basicAuthPassword;
    const basic = settings.basicAuth && password !== undefined;
    /** @type {Record<string, string>} */
    const headers = basic ? { authorization: `Basic ${base64(encode(`${settings.basicAuthUser}:${password}`))}` } : {};
    return new Http(settings.url, { headers, maxBody });
  }

  /**
   * A GET of a path below the base URL; see `request`.
   *
   * @param {RequestContext} ctx
   * @param {string} [path]
   * @param {Parts & { anyStatus?: boolean }} [parts]
   */
  get(ctx, path = "", parts) {
    return this.request("GET", ctx, path, parts);
  }

  /**
   * A POST to a path below the base URL; see `request`.
   *
   * @param {RequestContext} ctx
   * @param {string} [path]
   * @param {Parts & { anyStatus?: boolean }} [parts]
   */
  post(ctx, path = "", parts) {
    return this.request("POST", ctx, path, parts);
  }

  /**
   * Sends a request for a path below the base URL, or for an absolute URL of an origin that the manifest asks for, and waits for the
   * whole answer.
   *
   * The context gives it the headers to forward, the trace, and ends it when the call is cancelled. Parts of a path that come from
   * users go through `pathSegment`; `query` and `form` are encoded.
   *
   * @param {string} method
   * @param {RequestContext} ctx
   * @param {string} [path]
   * @param {Parts & { anyStatus?: boolean }} [parts]
   * @throws {PluginError} where there is no answer, or none in time, where it is larger than `maxBody`, and, unless `anyStatus`, for
   *   every status but 2xx: with that status, and the beginning of the answer in the message
   */
  async request(method, ctx, path = "", { anyStatus = false, ...parts } = {}) {
    const { address, incoming } = await this.#send(method, ctx, path, parts);
    try {
      if (anyStatus || (incoming.status >= 200 && incoming.status < 300)) {
        return new Response(method, address, incoming, await collect(method, incoming, this.#maxBody));
      }
    } catch (error) {
      throw error instanceof HttpFailure ? error.of(method, address) : error;
    }
    throw new Response(method, address, incoming, await beginning(incoming)).saysNo();
  }

  /**
   * As `request`, but waits only for status and headers: for bodies too large to hold, which `maxBody` does not bound.
   *
   * @param {string} method
   * @param {RequestContext} ctx
   * @param {string} [path]
   * @param {Parts} [parts]
   */
  async stream(method, ctx, path = "", parts = {}) {
    const { address, incoming } = await this.#send(method, ctx, path, parts);
    const answer = new StreamedResponse(method, address, incoming);
    if (answer.ok) return answer;
    throw new Response(method, address, incoming, await beginning(incoming)).saysNo();
  }

  /**
   * @param {string} method
   * @param {RequestContext} ctx
   * @param {string} path
   * @param {Parts} parts
   */
  async #send(method, ctx, path, { query = {}, headers = {}, body, contentType, json, form, timeoutMs }) {
    const address = this.#base.join(path).and(encodePairs(query));
    if (json !== undefined) {
      body = JSON.stringify(json);
      contentType ??= "application/json";
    } else if (form) {
      body = encodePairs(form);
      contentType ??= "application/x-www-form-urlencoded";
    }
    /** @type {Record<string, string>} What the author set wins over what the caller sent. */
    const sent = {
      ...Object.fromEntries(ctx.headers),
      ...(ctx.traceparent && { traceparent: ctx.traceparent }),
      ...this.#headers,
      ...(contentType && { "content-type": contentType }),
      ...lower(headers),
    };
    const bytes = typeof body === "string" ? encode(body) : (body ?? new Uint8Array(0));
    try {
      const request = { method, url: address.url, headers: encoded(sent), body: bytes };
      return { address, incoming: await send(request, ctx.signal, timeoutMs) };
    } catch (error) {
      throw error instanceof HttpFailure ? error.of(method, address) : error;
    }
  }
}

/**
 * @param {Record<string, string>} headers
 * @returns {Record<string, string>}
 */
function lower(headers) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/**
 * @param {Record<string, string>} headers
 * @returns {[string, Uint8Array][]}
 */
function encoded(headers) {
  return Object.entries(headers).map(([name, value]) => {
    if (/[\r\n\0]/.test(value)) {
      throw PluginError.badRequest(`header ${JSON.stringify(name)} has characters no header may have`);
    }
    return [name, encode(value)];
  });
}
