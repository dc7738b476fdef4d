/**
 * Arrow IPC out: a schema message, record batch messages, a stream of both. Uncompressed and without dictionaries, as the
 * plugin contract wants frames. The tables and their numbers are those of Arrow's `Schema.fbs` and `Message.fbs`.
 */

import { FlatBuffer } from "./flatbuffer.js";

/**
 * @typedef {import("./field-type.js").FieldType} FieldType
 * @typedef {import("./flatbuffer.js").Scalar} Scalar
 * @typedef {import("./flatbuffer.js").Writer} Writer
 * @typedef {{ name: string, type: FieldType, nullable: boolean, metadata: Record<string, string> }} ArrowField
 */

export const END_OF_STREAM = Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0);

const V5 = 4;
const [SCHEMA, RECORD_BATCH] = [1, 3];
const [INT, FLOAT, BINARY, UTF8, BOOL, TIMESTAMP] = [2, 3, 4, 5, 6, 10];
const [SINGLE, DOUBLE, NANOSECOND] = [1, 2, 3];

/** @type {Record<FieldType, [number, Scalar[]]>} */
const TYPES = {
  int8: [INT, [[0, 4, 8], [1, 1, 1]]],
  int16: [INT, [[0, 4, 16], [1, 1, 1]]],
  int32: [INT, [[0, 4, 32], [1, 1, 1]]],
  int64: [INT, [[0, 4, 64], [1, 1, 1]]],
  uint8: [INT, [[0, 4, 8]]],
  uint16: [INT, [[0, 4, 16]]],
  uint32: [INT, [[0, 4, 32]]],
  uint64: [INT, [[0, 4, 64]]],
  float32: [FLOAT, [[0, 2, SINGLE]]],
  float64: [FLOAT, [[0, 2, DOUBLE]]],
  string: [UTF8, []],
  bool: [BOOL, []],
  time: [TIMESTAMP, [[0, 2, NANOSECOND]]],
  json: [BINARY, []],
  enum: [INT, [[0, 4, 16]]],
};

/**
 * The encapsulated message of a schema.
 *
 * @param {ArrowField[]} fields
 * @param {Record<string, string>} metadata
 */
export function schemaMessage(fields, metadata) {
  const writers = fields.map(field);
  return concat(encapsulate(SCHEMA, (flat) => flat.table([], [[1, (f) => f.vector(writers)], [2, pairs(metadata)]]), 0));
}

/**
 * The encapsulated message of a record batch: these rows of all columns.
 *
 * @param {import("./column.js").Column[]} columns
 * @param {number} start
 * @param {number} stop
 */
export function batchMessage(columns, start, stop) {
  /** @type {[number, number][]} */
  const nodes = [];
  /** @type {[number, number][]} */
  const places = [];
  /** @type {Uint8Array[]} */
  const body = [];
  let length = 0;
  for (const column of columns) {
    const { nulls, buffers } = column.encode(start, stop);
    nodes.push([stop - start, nulls]);
    for (const buffer of buffers) {
      places.push([length, buffer.length]);
      const padding = -buffer.length & 7;
      body.push(buffer, new Uint8Array(padding));
      length += buffer.length + padding;
    }
  }
  const batch = (/** @type {FlatBuffer} */ flat) =>
    flat.table([[0, 8, stop - start]], [[1, (f) => f.pairs(nodes)], [2, (f) => f.pairs(places)]]);
  return concat([...encapsulate(RECORD_BATCH, batch, length), ...body]);
}

/**
 * @param {Uint8Array[]} parts
 * @returns {Uint8Array}
 */
export function concat(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * @param {number} kind
 * @param {Writer} header
 * @param {number} body
 * @returns {Uint8Array[]}
 */
function encapsulate(kind, header, body) {
  const flat = new FlatBuffer((f) => f.table([[0, 2, V5], [1, 1, kind], [3, 8, body]], [[2, header]])).finish();
  const head = new Uint8Array(8).fill(255, 0, 4);
  new DataView(head.buffer).setUint32(4, flat.length, true);
  return [head, flat];
}

/**
 * @param {ArrowField} field
 * @returns {Writer}
 */
function field({ name, type, nullable, metadata }) {
  const [kind, scalars] = TYPES[type];
  return (flat) =>
    flat.table(
      [[1, 1, nullable ? 1 : 0], [2, 1, kind]],
      [
        [0, (f) => f.string(name)],
        [3, (f) => f.table(scalars)],
        // None, but readers look for the list.
        [5, (f) => f.vector([])],
        [6, pairs(metadata)],
      ],
    );
}

/**
 * @param {Record<string, string>} metadata
 * @returns {Writer}
 */
function pairs(metadata) {
  /** @type {Writer[]} */
  const writers = Object.entries(metadata).map(
    ([key, value]) => (flat) => flat.table([], [[0, (f) => f.string(key)], [1, (f) => f.string(value)]]),
  );
  return (flat) => flat.vector(writers);
}
