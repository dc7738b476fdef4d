/** What an upstream answered. Reading is bounded, whatever it sends. */

import { PluginError } from "../error.js";
import { concat } from "../frame/ipc.js";
import { check } from "../shape.js";
import { decode } from "../utf8.js";
import { HttpFailure } from "./error.js";
import { phrase } from "./status.js";

/**
 * @typedef {import("../host.js").Incoming} Incoming
 * @typedef {import("./address.js").Address} Address
 */

/** How much of an error's body is quoted, in bytes. */
const QUOTE = 512;

/** Most bytes of a line: what has no end for so long is no text of lines. */
const LINE = 16 << 20;

class Answer {
  /**
   * @param {string} method
   * @param {Address} address
   * @param {Incoming} incoming
   */
  constructor(method, address, incoming) {
    this.place = `${method} ${address}`;
    /** The HTTP status. */
    this.status = incoming.status;
    this.headers = incoming.headers;
  }

  /**
   * The first header of this name, in any case of letters.
   *
   * @param {string} name
   */
  header(name) {
    const found = this.headers.find(([key]) => key.toLowerCase() === name.toLowerCase());
    return found && decode(found[1]);
  }

  /** Whether the status is 2xx. */
  get ok() {
    return this.status >= 200 && this.status < 300;
  }
}

/** An answer with its whole body. */
export class Response extends Answer {
  /**
   * @param {string} method
   * @param {Address} address
   * @param {Incoming} incoming
   * @param {Uint8Array} body
   */
  constructor(method, address, incoming, body) {
    super(method, address, incoming);
    /** The bytes as they came, decompressed. */
    this.body = body;
  }

  /** The body as text; bytes that are no UTF-8 become `U+FFFD`. */
  text() {
    return decode(this.body);
  }

  /**
   * The body as JSON, checked where a shape is given. An error names the key that is not as expected.
   *
   * @param {import("../shape.js").Shape} [shape]
   * @returns {any}
   */
  json(shape) {
    try {
      const value = JSON.parse(this.text());
      if (shape !== undefined) check("answer", value, shape);
      return value;
    } catch (error) {
      const what = error instanceof PluginError ? error.message : `answer: ${error instanceof Error ? error.message : error}`;
      throw PluginError.downstream(`${this.place}: ${what}; it begins ${JSON.stringify(quote(this.body))}`);
    }
  }

  /** The error of a status that says no, which quotes the body's beginning. */
  saysNo() {
    const quoted = quote(this.body);
    const said = `${this.place}: the server answered ${this.status} ${phrase(this.status)}`;
    return PluginError.upstreamStatus(this.status, quoted ? `${said}: ${quoted}` : said);
  }
}

/**
 * An answer whose body still comes: for bodies too large to hold. Iterate over it for chunks of bytes; one that is not read to its
 * end is given up by `close()`, or by leaving the loop.
 */
export class StreamedResponse extends Answer {
  #incoming;
  #fail;

  /**
   * @param {string} method
   * @param {Address} address
   * @param {Incoming} incoming
   */
  constructor(method, address, incoming) {
    super(method, address, incoming);
    this.#incoming = incoming;
    this.#fail = (/** @type {unknown} */ error) => (error instanceof HttpFailure ? error.of(method, address) : error);
  }

  /** @returns {AsyncGenerator<Uint8Array>} */
  async *[Symbol.asyncIterator]() {
    try {
      for (;;) {
        const chunk = await this.#incoming.read();
        if (!chunk) return;
        yield chunk;
      }
    } catch (error) {
      throw this.#fail(error);
    } finally {
      this.close();
    }
  }

  /**
   * The body's lines without their ends: NDJSON and the like.
   *
   * @returns {AsyncGenerator<string>}
   * @throws {PluginError} for a line of more than 16 MiB
   */
  async *lines() {
    /** @type {Uint8Array[]} What has come of the line so far. */
    let parts = [];
    let length = 0;
    for await (const chunk of this) {
      let start = 0;
      for (let end; (end = chunk.indexOf(10, start)) >= 0; start = end + 1) {
        const line = concat([...parts, chunk.subarray(start, end)]);
        yield decode(line[line.length - 1] === 13 ? line.subarray(0, -1) : line);
        parts = [];
        length = 0;
      }
      parts.push(chunk.slice(start));
      length += chunk.length - start;
      if (length > LINE) throw this.#fail(new HttpFailure("limit", `a line has more than the ${LINE} bytes allowed`));
    }
    if (length) yield decode(concat(parts));
  }

  /** Gives up what has not been read. */
  close() {
    this.#incoming.close();
  }
}

/**
 * The whole body, no more than the limit.
 *
 * @param {string} method
 * @param {Incoming} incoming
 * @param {number} limit
 */
export async function collect(method, incoming, limit) {
  const announced = announcedLength(method, incoming);
  const tooLarge = () => new HttpFailure("limit", `${limit} bytes are allowed: ask for less`);
  const parts = [];
  let length = 0;
  try {
    if (announced > limit) throw tooLarge();
    for (let chunk; (chunk = await incoming.read()); ) {
      parts.push(chunk);
      length += chunk.length;
      if (length > limit) throw tooLarge();
    }
  } finally {
    incoming.close();
  }
  // The contract's `fetch` has no word for a body that breaks off.
  if (length < announced) throw new HttpFailure("other", "it ended before the answer was whole");
  return parts.length === 1 ? parts[0] : concat(parts);
}

/**
 * How long the body will be, where the server says so and does not mean the one that another request would get (RFC 9110, 8.6).
 *
 * @param {string} method
 * @param {Incoming} incoming
 */
function announcedLength(method, incoming) {
  if (method === "HEAD" || incoming.status === 304) return NaN;
  const header = incoming.headers.find(([key]) => key.toLowerCase() === "content-length");
  return header ? Number(decode(header[1])) : NaN;
}

/**
 * As much of an error's body as is quoted. One that breaks off is quoted as far as it came.
 *
 * @param {Incoming} incoming
 */
export async function beginning(incoming) {
  const parts = [];
  try {
    for (let length = 0, chunk; length < QUOTE && (chunk = await incoming.read()); length += chunk.length) parts.push(chunk);
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
  } finally {
    incoming.close();
  }
  return concat(parts);
}

/**
 * The beginning of a body, on one line.
 *
 * @param {Uint8Array} body
 */
function quote(body) {
  return decode(body.subarray(0, QUOTE)).trim().replace(/\s+/g, " ");
}
