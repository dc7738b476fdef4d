// {{title}}: readings from a JSON API, a table a place.

import { DataSource, Frame, Http, Timestamp, pathSegment } from "wellhead-sdk";

/** One configured data source. It lives as long as its settings stay the same, and its calls overlap. */
export default class Source extends DataSource {
  // `jsonDataSchema` and `querySchema` of plugin.json describe these for editors.
  static settingsShape = { maxRows: "integer?" };
  static queryShape = { place: "string" };

  /** Contacts nobody: a data source can be configured while its API is down. */
  constructor(settings) {
    super(settings);
    this.http = Http.forSettings(settings);
    this.maxRows = settings.jsonData.maxRows ?? 1000;
  }

  async query(ctx, { model: { place } }) {
    const answer = await this.http.get(ctx, `readings/${pathSegment(place)}`);
    // `time` is in seconds since 1970.
    const readings = answer.json([{ time: "integer", celsius: "number?" }]).slice(0, this.maxRows);
    return new Frame(place)
      .field("time", readings.map(({ time }) => new Timestamp(time)), { type: "time" })
      .field("temperature", readings.map(({ celsius }) => celsius), { labels: { place } });
  }

  async checkHealth(ctx) {
    await this.http.get(ctx, "readings/oslo");
    return { status: "ok", message: "The API answers." };
  }
}
