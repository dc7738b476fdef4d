// A data source for any JSON API: asks a path below the data source's URL for an array of objects, and shows it as a table with a
// column a key.

import { DataSource, Frame, Http } from "wellhead-sdk";

export default class JsonApi extends DataSource {
  // Below the data source's URL: `users?active=true`.
  static queryShape = { path: "string" };

  constructor(settings) {
    super(settings);
    // Small objects take twenty times their text in memory, and an instance has 256 MiB.
    this.http = Http.forSettings(settings, { maxBody: 8 << 20 });
  }

  async query(ctx, query) {
    const rows = (await this.http.get(ctx, query.model.path)).json(["object"]);
    const keys = [...new Set(rows.flatMap(Object.keys))].sort();
    return keys.reduce((frame, key) => frame.field(key, column(rows.map((row) => row[key] ?? null))), new Frame(query.refId));
  }

  async checkHealth(ctx) {
    await this.http.get(ctx);
    return { status: "ok", message: "The API answers." };
  }
}

/** Numbers where every value is one, else text; null stays null. */
function column(values) {
  if (values.every((value) => value === null || typeof value === "number")) return values;
  return values.map((value) => (value === null || typeof value === "string" ? value : JSON.stringify(value)));
}
