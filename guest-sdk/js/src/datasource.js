/** What a plugin author implements: `DataSource`. The contract's calls reach it through the component's entry. */

/**
 * @typedef {import("./context.js").RequestContext} RequestContext
 * @typedef {import("./shape.js").Shape} Shape
 */

/**
 * A configured data source, as Grafana's `DataSourceInstanceSettings`. `secrets` are the decrypted ones, none where the manifest
 * says `auth: host`; `version` grows with every change.
 *
 * @template [S=any]
 * @typedef {{ id: number, uid: string, orgId: number, name: string, url: string, user: string, database: string,
 *   basicAuth: boolean, basicAuthUser: string, jsonData: S, secrets: Record<string, string>, version: number,
 *   extensions: Record<string, string> }} InstanceSettings
 */

/**
 * What a health check found: a sentence a person can act on, and a JSON object if there is more to say.
 *
 * @typedef {{ status: "unknown" | "ok" | "error", message: string, details?: object }} Health
 */

/**
 * One configured data source. A module's default export is a class that extends this one.
 *
 * The host makes one instance for each, alone in its memory, and calls it until `shutdown` or until it drops it. Calls overlap:
 * while one awaits, others run. Nothing may block: a loop that never awaits stalls every other call of the instance.
 *
 * A class that has `callResource` answers resource calls too (see `resources.js`), one that has `subscribeStream` and `runStream`
 * feeds live channels (see `streaming.js`).
 */
export class DataSource {
  /** What `jsonData` must look like. @type {Shape | undefined} */
  static settingsShape = undefined;

  /** What a query's model must look like. @type {Shape | undefined} */
  static queryShape = undefined;

  /**
   * Reads the settings and prepares. Contacts nobody: it must succeed while the upstream is down. A `PluginError` is a fault of
   * the settings, shown to the user at the data source.
   *
   * @param {InstanceSettings} settings
   */
  constructor(settings) {
    this.settings = settings;
  }

  /**
   * Answers one query. All queries of a request run side by side, and a failure is this query's alone.
   *
   * When nobody waits any more `ctx.signal` is aborted, and whatever of the SDK it awaits throws.
   *
   * @param {RequestContext} ctx
   * @param {import("./query.js").DataQuery} query
   * @returns {Promise<import("./query.js").Answered>}
   */
  async query(ctx, query) {
    throw new Error(`${this.constructor.name} does not implement query()`);
  }

  /**
   * Says whether the upstream answers, best by a real query. A downstream `PluginError` is reported as a failed check with that
   * error's message.
   *
   * @param {RequestContext} ctx
   * @returns {Promise<Health>}
   */
  async checkHealth(ctx) {
    return { status: "ok", message: "The plugin is loaded and its settings are valid." };
  }

  /**
   * The last call, when all others are over: log out politely. Has a few seconds, and may never come.
   *
   * @returns {Promise<void>}
   */
  async shutdown() {}
}
