/**
 * HTTP-shaped calls that editors and tools make of a data source: lists of labels, tables, whatever the plugin offers below
 * `/api/datasources/uid/:uid/resources/`. Optional: a class that has `callResource(ctx, request)` exports them.
 */

import { PluginError } from "./error.js";
import { concat } from "./frame/ipc.js";
import { read } from "./shape.js";
import { decode, encode } from "./utf8.js";

/** @typedef {{ callResource(ctx: import("./context.js").RequestContext, request: ResourceRequest): Promise<ResourceResponse> }} Resources */

/** The most of a client's body that is held unless another limit is given. */
const MAX_BODY = 16 << 20;

/** What a client asks. */
export class ResourceRequest {
  /**
   * @param {{ method: string, path: string, query?: string, headers?: [string, string][], chunks?: AsyncIterable<Uint8Array> }} request
   *   `path` is without leading slash and, as `query`, still percent-encoded; `chunks` is the body as it comes, read once.
   */
  constructor({ method, path, query = "", headers = [], chunks }) {
    this.method = method;
    this.path = path;
    this.query = query;
    this.headers = headers;
    this.chunks = chunks;
  }

  /** The segments of the path, decoded: `label/job/values` is `["label", "job", "values"]`. */
  get segments() {
    return this.path.split("/").filter(Boolean).map(unquote);
  }

  /**
   * The pairs of the query, decoded, in order.
   *
   * @returns {[string, string][]}
   */
  get pairs() {
    return this.query.split("&").filter(Boolean).map((pair) => {
      const cut = pair.indexOf("=");
      const [key, value] = cut < 0 ? [pair, ""] : [pair.slice(0, cut), pair.slice(cut + 1)];
      return [unquote(key.replace(/\+/g, " ")), unquote(value.replace(/\+/g, " "))];
    });
  }

  /**
   * The first value of this key in the query, decoded.
   *
   * @param {string} key
   */
  param(key) {
    return this.pairs.find(([name]) => name === key)?.[1];
  }

  /** The whole body, at most `limit` bytes of it: past that an error of status 413, and the rest is not read. */
  async body(limit = MAX_BODY) {
    const parts = [];
    let length = 0;
    for await (const chunk of this.chunks ?? []) {
      parts.push(chunk);
      length += chunk.length;
      if (length > limit) {
        throw new PluginError(`the body has more than the ${limit} bytes allowed here: send less`, { status: 413 });
      }
    }
    return concat(parts);
  }

  /**
   * Reads the body as JSON, checked where a shape is given. An error names the key and is the client's to mend.
   *
   * @param {import("./shape.js").Shape} [shape]
   */
  async json(shape, limit = MAX_BODY) {
    return read("body", decode(await this.body(limit)), shape);
  }
}

/** What the plugin answers. */
export class ResourceResponse {
  /**
   * @param {Uint8Array | string | AsyncIterable<Uint8Array>} body all of it, or chunk by chunk; an exception in the middle marks it as
   *   broken
   * @param {{ status?: number, contentType?: string, headers?: Record<string, string> }} [about]
   */
  constructor(body, { status = 200, contentType = "text/plain; charset=utf-8", headers = {} } = {}) {
    this.body = typeof body === "string" ? encode(body) : body;
    this.status = status;
    this.headers = { "content-type": contentType, ...headers };
  }

  /**
   * A value as JSON.
   *
   * @param {any} value
   */
  static json(value, status = 200) {
    return new ResourceResponse(JSON.stringify(value), { status, contentType: "application/json" });
  }

  /**
   * Status 404 and a JSON body that says what there is not.
   *
   * @param {string} path
   */
  static notFound(path) {
    return ResourceResponse.json({ message: `there is no resource ${JSON.stringify(path)}` }, 404);
  }
}

/** @param {string} text */
function unquote(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that stands for itself.
    return text;
  }
}
