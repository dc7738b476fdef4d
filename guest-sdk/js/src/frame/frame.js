/** The data frame: Grafana's fields over Arrow. Built field by field, written as Arrow IPC with Grafana's metadata. */

import { PluginError } from "../error.js";
import { Column } from "./column.js";
import { FIELD_TYPES } from "./field-type.js";
import { END_OF_STREAM, batchMessage, concat, schemaMessage } from "./ipc.js";

/**
 * @typedef {import("./field-type.js").FieldType} FieldType
 * @typedef {import("./ipc.js").ArrowField} ArrowField
 */

/** Size of a piece that moves best between guest and host. The contract allows 16 MiB. */
export const BEST_BYTES = 1 << 20;

/**
 * A data frame: a name, fields of equal length, metadata.
 *
 *     new Frame("cpu").field("time", times).field("value", values, { labels: { host: "a" }, unit: "percent" })
 */
export class Frame {
  /**
   * @param {string} [name]
   * @param {Record<string, any>} [meta] Grafana's FrameMeta, with its key names: `{ type: "timeseries-multi", notices: […] }`
   */
  constructor(name = "", meta) {
    this.name = name;
    /** Which query it answers; the host fills it in. */
    this.refId = "";
    this.meta = meta;
    /** @type {ArrowField[]} */
    this.fields = [];
    /** @type {Column[]} */
    this.columns = [];
  }

  /**
   * Adds a field.
   *
   * Its type is `type`, or what all values are: `number` (float64), `bigint` (int64), `boolean`, `string`, `Date` or
   * `Timestamp` (time), objects and arrays (JSON), or what a typed array holds. A field without any value is one of float64.
   * `null` and `undefined` are null; with `nullable: false` they are an error.
   *
   * `config` is Grafana's FieldConfig, with its key names; `unit` stands in it, and so do `enumTexts`, which make the field an
   * enum whose values are indexes into them.
   *
   * @param {string} name
   * @param {Iterable<any>} values
   * @param {{ type?: FieldType, nullable?: boolean, labels?: Record<string, string>, config?: Record<string, any>,
   *   unit?: string, enumTexts?: string[] }} [about]
   * @returns {this}
   * @throws {PluginError} for values that are not of one type, and for a field of another length than the first
   */
  field(name, values, { type, nullable = true, labels, config, unit, enumTexts } = {}) {
    const place = `field ${JSON.stringify(name)}`;
    let column;
    try {
      column = new Column(values, enumTexts ? "enum" : type);
    } catch (error) {
      throw new PluginError(`${place}: ${error instanceof Error ? error.message : error}`);
    }
    if (!nullable && column.nullCount) {
      throw new PluginError(`${place} is not nullable and has ${column.nullCount} nulls`);
    }
    if (this.columns.length && column.length !== this.numRows) {
      const first = JSON.stringify(this.fields[0].name);
      throw new PluginError(`${place} has ${column.length} values, and field ${first} has ${this.numRows}`);
    }
    const settings = { ...config };
    if (unit !== undefined) settings.unit = unit;
    if (enumTexts) settings.type = { enum: { text: enumTexts } };
    /** @type {Record<string, string>} */
    const metadata = { tstype: FIELD_TYPES[column.type].tstype };
    if (labels) metadata.labels = JSON.stringify(Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))));
    if (Object.keys(settings).length) metadata.config = JSON.stringify(settings);
    this.fields.push({ name, type: column.type, nullable, metadata });
    this.columns.push(column);
    return this;
  }

  /** Values of each field. */
  get numRows() {
    return this.columns.length ? this.columns[0].length : 0;
  }

  /** About what the values take in Arrow. */
  get numBytes() {
    return this.columns.reduce((sum, column) => sum + column.numBytes, 0);
  }

  /**
   * Whether the other frame's rows can follow this one's: equal names, types, labels and configs.
   *
   * @param {Frame} other
   */
  sameFields(other) {
    return JSON.stringify(this.fields) === JSON.stringify(other.fields);
  }

  /** The encapsulated Arrow message of the schema. */
  schemaMessage() {
    /** @type {Record<string, string>} */
    const metadata = { name: this.name, refId: this.refId };
    // Grafana always writes the version.
    if (this.meta) metadata.meta = JSON.stringify({ typeVersion: [0, 0], ...this.meta });
    return schemaMessage(this.fields, metadata);
  }

  /**
   * Encapsulated record batches of about so many bytes each, at least a row, made as they are asked for.
   *
   * @returns {Generator<Uint8Array>}
   */
  *batchMessages(best = BEST_BYTES) {
    const pieces = Math.max(1, Math.ceil(this.numBytes / best));
    const step = Math.max(1, Math.ceil(this.numRows / pieces));
    for (let start = 0; start < this.numRows; start += step) {
      yield batchMessage(this.columns, start, Math.min(this.numRows, start + step));
    }
  }

  /** The frame as one Arrow IPC stream: what the plugin contract calls a frame. */
  toIpcStream() {
    const rows = this.numRows ? [batchMessage(this.columns, 0, this.numRows)] : [];
    return concat([this.schemaMessage(), ...rows, END_OF_STREAM]);
  }
}
