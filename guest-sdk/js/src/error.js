/**
 * A failure as the user sees it: status, whose fault, message.
 *
 * Plugin code throws `PluginError`; how HTTP failures become one is in `http/`. Anything else that plugin code throws is a
 * fault of the plugin, told with its place in the source.
 */

const PLUGINS_FAULT = new Set([405, 406, 412, 413, 414, 416, 417, 426, 431, 501]);

/** @typedef {"plugin" | "downstream"} ErrorSource Whose fault a failure is: Grafana's `errorSource`. */

/**
 * Whose fault an upstream's HTTP status is, by the table of Grafana's SDK: a request that no server could have understood is
 * the plugin's, every other one is downstream's.
 *
 * @param {number} status
 * @returns {ErrorSource}
 */
export function sourceOfStatus(status) {
  return PLUGINS_FAULT.has(status) ? "plugin" : "downstream";
}

/**
 * A failure with what its reader needs: an HTTP status, whose fault it is, and a sentence to act on. The host blanks secret
 * values in the message and in the details.
 */
export class PluginError extends Error {
  /**
   * @param {string} message
   * @param {{ status?: number, source?: ErrorSource, details?: object }} [about] `details` is JSON for machines.
   */
  constructor(message, { status = 500, source = "plugin", details } = {}) {
    super(message);
    this.name = "PluginError";
    this.status = status;
    this.source = source;
    this.details = details;
  }

  /**
   * What was asked makes no sense: status 400.
   *
   * @param {string} message
   */
  static badRequest(message) {
    return new PluginError(message, { status: 400 });
  }

  /**
   * The upstream failed: status 502.
   *
   * @param {string} message
   */
  static downstream(message) {
    return new PluginError(message, { status: 502, source: "downstream" });
  }

  /**
   * The upstream answered with an HTTP status that says no: the same status, blamed by `sourceOfStatus`.
   *
   * @param {number} status
   * @param {string} message
   */
  static upstreamStatus(status, message) {
    return new PluginError(message, { status, source: sourceOfStatus(status) });
  }

  /**
   * Says before the message what was being done: `reading labels: connection refused`.
   *
   * @param {string} doing
   */
  context(doing) {
    const { message } = /** @type {Error} */ (this);
    this.message = `${doing}: ${message}`;
    return this;
  }
}
