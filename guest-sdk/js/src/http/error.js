/** Ways an exchange can fail before there is an answer, and the status and source that Grafana gives them. */

import { PluginError } from "../error.js";

/**
 * Why there is no answer, or no whole one: what is said, the status, whose fault it is.
 *
 * @type {Record<string, [string, number, import("../error.js").ErrorSource]>}
 */
const FAILURES = {
  denied: [
    "the host denies it{}: the data source's URL and the origins granted in its manifest are allowed",
    403,
    "plugin",
  ],
  unresolved: ["the host name cannot be resolved{}", 502, "downstream"],
  refused: ["connection refused{}", 502, "downstream"],
  timeout: ["no answer in time{}", 504, "downstream"],
  tls: ["TLS failed{}", 502, "downstream"],
  limit: ["the answer is too large{}", 502, "downstream"],
  other: ["the connection failed{}", 502, "downstream"],
};

/** What a transport rejects with: the failure by the contract's name for it, and more where there is more to say. */
export class HttpFailure extends Error {
  /**
   * @param {string} failure
   * @param {string} [detail]
   */
  constructor(failure, detail = "") {
    super(`${failure} ${detail}`);
    this.failure = failure;
    this.detail = detail;
  }

  /**
   * The error of a request, which the message names.
   *
   * @param {string} method
   * @param {import("./address.js").Address} address
   */
  of(method, address) {
    const [text, status, source] = FAILURES[this.failure] ?? FAILURES.other;
    const said = text.replace("{}", () => this.detail && ` (${this.detail})`);
    return new PluginError(`${method} ${address}: ${said}`, { status, source });
  }
}
