// What data sources do beside answering small tables: the counterpart of `cases.py`, for the tests of both.

import { DataSource, Frame, FrameStream, Http, ResourceResponse, Timestamp, logger, sleep } from "wellhead-sdk";

const log = logger("cases");

export default class Cases extends DataSource {
  static settingsShape = { greeting: "string?" };
  static queryShape = { do: "string", rows: "integer?" };

  constructor(settings) {
    super(settings);
    this.http = Http.forSettings(settings);
    this.begun = 0;
    this.givenUp = 0;
  }

  async query(ctx, { model }) {
    switch (model.do) {
      case "fetch":
        return new Frame("fetched").field("text", [(await this.http.get(ctx, "slow")).text()]);
      case "hang":
        return this.#counted(this.http.get(ctx, "silent"));
      case "stall":
        return this.http.get(ctx, "silent", { timeoutMs: 100 });
      case "stall halfway":
        return this.http.get(ctx, "half", { timeoutMs: 100 });
      case "sleep":
        return this.#counted(sleep(ctx, 3_600_000));
      case "count":
        return new Frame("count").field("begun", [BigInt(this.begun)]).field("given up", [BigInt(this.givenUp)]);
      case "large":
        return new FrameStream(parts(model.rows));
      case "log":
        log.warn("a line of the guest", { key: "value" });
        return undefined;
      case "raise":
        return this.mistake(model);
      case "types":
        return everyType();
    }
  }

  async #counted(work) {
    this.begun++;
    try {
      await work;
    } finally {
      this.givenUp++;
    }
  }

  mistake(model) {
    const numbers = { one: { value: 1 } };
    return new Frame(String(numbers[model.do].value));
  }

  async callResource(ctx, request) {
    if (request.path === "echo") {
      return ResourceResponse.json({ body: await request.json(), method: request.method, q: request.param("q") });
    }
    return ResourceResponse.notFound(request.path);
  }

  async subscribeStream(ctx, { path }) {
    return { access: path === "count" ? "ok" : "not-found" };
  }

  async *runStream(ctx, { data }) {
    for (let count = 0; count < (data.to ?? 1_000_000); count++) {
      yield new Frame("count").field("n", [BigInt(count)]);
      await sleep(ctx, 1);
    }
  }

  async publishStream(ctx, { data }) {
    return { access: "ok", data: { said: data } };
  }
}

const PART = 50_000;

function* parts(rows) {
  for (let start = 0; start < rows; start += PART) {
    const numbers = Array.from({ length: Math.min(PART, rows - start) }, (_, row) => start + row);
    yield new Frame("large").field("n", numbers, { type: "int64" }).field("text", numbers.map((n) => `row ${n}`));
  }
}

function everyType() {
  const frame = new Frame("types", { type: "table", notices: [{ severity: "info", text: "ü" }] });
  frame.field("time", [new Timestamp(1_700_000_000, 123_456_789), null]);
  frame.field("string", ["ü😀", null], { labels: { b: "2", a: "1" }, unit: "ms" });
  frame.field("bool", [true, null]);
  frame.field("json", [{ a: [1, null] }, null]);
  frame.field("enum", [1, null], { enumTexts: ["x", "y"] });
  for (const type of ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"]) {
    frame.field(type, [7, null], { type });
  }
  return frame.field("float64 that has no null", [0.5, 1.5], { nullable: false });
}
