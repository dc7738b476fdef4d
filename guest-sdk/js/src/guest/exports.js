/** The contract's exports for an author's class. The component's entry, which `wellhead-sdk build` writes, hands them on. */

import { PluginError } from "../error.js";
import { asError, rememberSources } from "../fault.js";
import { install } from "../host.js";
import { answer, run } from "../reply.js";
import { ResourceRequest } from "../resources.js";
import { read } from "../shape.js";
import { packets } from "../streaming.js";
import { decode, encode } from "../utf8.js";
import { call } from "./call.js";
import { detailsTo, errorTo, packetTo, pieceTo, queryOf, responseTo, settingsOf } from "./convert.js";
import { guestHost, installConsole } from "./imports.js";

/** @type {any} The one data source that this instance serves. */
let source;

function configured() {
  if (!source) throw errorTo(new PluginError("the host called before it had configured the data source"));
  return source;
}

/**
 * @param {any} Source
 * @param {Record<string, string>} sources
 */
export function plugin(Source, sources) {
  install(guestHost);
  installConsole();
  rememberSources(sources);
  return { datasource: datasource(Source), resources, streaming };
}

/** @param {any} Source */
function datasource(Source) {
  return {
    /** @param {any} settings */
    async configure(settings) {
      try {
        source = new Source(settingsOf(settings, read("jsonData", settings.jsonData, Source.settingsShape)));
      } catch (error) {
        throw errorTo(asError(error));
      }
    },

    /**
     * @param {any} ctx
     * @param {any[]} queries
     * @param {import("./call.js").Token} cancel
     */
    queryData(ctx, queries, cancel) {
      return call(ctx, cancel, async (context, over) => {
        const { ready, rest } = await run(queries.map((query) => answer(configured(), context, queryOf(query))));
        const value = { ready: ready.map(responseTo), rest: rest && mapped(rest, pieceTo, over) };
        return { value, streams: rest !== undefined };
      });
    },

    /**
     * @param {any} ctx
     * @param {import("./call.js").Token} cancel
     */
    checkHealth(ctx, cancel) {
      return call(ctx, cancel, async (context) => {
        const { status, message, details } = await check(context);
        return { value: { status, message, details: detailsTo(details) } };
      });
    },

    async shutdown() {
      await source?.shutdown();
    },
  };
}

/**
 * An upstream that fails is a finding, a plugin that fails is not.
 *
 * @param {import("../context.js").RequestContext} ctx
 * @returns {Promise<import("../datasource.js").Health>}
 */
async function check(ctx) {
  try {
    return await configured().checkHealth(ctx);
  } catch (error) {
    if (error instanceof PluginError && error.source === "downstream") return { status: "error", message: error.message };
    throw error;
  }
}

const resources = {
  /**
   * @param {any} ctx
   * @param {any} request
   * @param {import("./call.js").Token} cancel
   */
  callResource(ctx, request, cancel) {
    return call(ctx, cancel, async (context, over) => {
      const headers = request.headers.map((/** @type {[string, Uint8Array]} */ [name, value]) => [name, decode(value)]);
      const asked = new ResourceRequest({ ...request, headers, chunks: request.body });
      const response = await configured().callResource(context, asked);
      const chunks = response.body instanceof Uint8Array ? [response.body] : response.body;
      const value = {
        status: response.status,
        headers: Object.entries(response.headers).map(([name, text]) => [name, encode(text)]),
        body: mapped(body(chunks), (chunk) => chunk, over),
      };
      return { value, streams: true };
    });
  },
};

/** @param {AsyncIterable<Uint8Array> | Uint8Array[]} chunks */
async function* body(chunks) {
  try {
    for await (const chunk of chunks) yield { tag: "ok", val: chunk };
  } catch (error) {
    yield { tag: "err", val: errorTo(asError(error)) };
  }
}

const streaming = {
  /**
   * @param {any} ctx
   * @param {string} path
   * @param {string} data
   */
  subscribeStream(ctx, path, data) {
    return call(ctx, UNTOLD, async (context) => {
      const { access, initial } = await configured().subscribeStream(context, channel(path, data));
      return { value: { access, initial: initial?.toIpcStream() } };
    });
  },

  /**
   * @param {any} ctx
   * @param {string} path
   * @param {string} data
   * @param {import("./call.js").Token} cancel
   */
  runStream(ctx, path, data, cancel) {
    return call(ctx, cancel, async (context, over) => {
      const frames = configured().runStream(context, channel(path, data));
      return { value: mapped(packets(frames), packetTo, over), streams: true };
    });
  },

  /**
   * @param {any} ctx
   * @param {string} path
   * @param {string} data
   */
  publishStream(ctx, path, data) {
    return call(ctx, UNTOLD, async (context) => {
      const publish = configured().publishStream;
      if (!publish) return { value: { access: "permission-denied", data: undefined } };
      const published = await publish.call(source, context, channel(path, data));
      return { value: { access: published.access, data: detailsTo(published.data) } };
    });
  },
};

/** For calls that the contract gives no token. @type {import("./call.js").Token} */
const UNTOLD = { read: () => new Promise(() => {}), cancelRead() {}, drop() {} };

/**
 * @param {string} path
 * @param {string} data
 */
function channel(path, data) {
  return { path, data: read("data", data) };
}

/**
 * What a call streams after it has returned; at its end, however it comes, the call is over.
 *
 * @template T, U
 * @param {AsyncGenerator<T>} items
 * @param {(item: T) => U} map
 * @param {() => void} over
 * @returns {AsyncGenerator<U>}
 */
async function* mapped(items, map, over) {
  try {
    for await (const item of items) yield map(item);
  } finally {
    over();
  }
}
