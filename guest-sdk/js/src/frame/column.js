/**
 * The values of one field, held as Arrow lays them out, so that a mistake is found where the field is added and a slice is
 * cut without looking at values again.
 */

import { shown } from "../shown.js";
import { Timestamp } from "../timestamp.js";
import { encode } from "../utf8.js";
import { FIELD_TYPES } from "./field-type.js";

/** @typedef {import("./field-type.js").FieldType} FieldType */

/** Values of one type, some of them null. */
export class Column {
  /**
   * @param {Iterable<any>} values `undefined` is null too
   * @param {FieldType} [type] found out unless given
   */
  constructor(values, type) {
    const list = /** @type {ArrayLike<any>} */ (Array.isArray(values) || ArrayBuffer.isView(values) ? values : [...values]);
    this.type = type ?? infer(list);
    if (!(this.type in FIELD_TYPES)) {
      throw new TypeError(`"${this.type}" is no field type: use one of ${Object.keys(FIELD_TYPES).join(", ")}`);
    }
    this.length = list.length;
    this.nullCount = 0;
    /** @type {Uint8Array} One byte a row, 1 where there is a value. */
    this.valid = new Uint8Array(list.length);
    for (let row = 0; row < list.length; row++) {
      if (list[row] == null) this.nullCount++;
      else this.valid[row] = 1;
    }
    /** @type {Int32Array | undefined} */
    this.offsets = undefined;
    /** @type {any} */
    this.data = FIELD_TYPES[this.type].array
      ? numbers(list, this.type)
      : this.type === "bool"
        ? Uint8Array.from(list, truth)
        : this.texts(list);
  }

  /** About what the values take in a record batch. */
  get numBytes() {
    return this.data.byteLength + (this.offsets ? 4 * this.length : 0) + (this.length >> 3);
  }

  /**
   * Null count and Arrow buffers of the rows from `start` to `stop`: validity, offsets if any, data.
   *
   * @param {number} start
   * @param {number} stop
   * @returns {{ nulls: number, buffers: Uint8Array[] }}
   */
  encode(start, stop) {
    const valid = this.valid.subarray(start, stop);
    let nulls = 0;
    for (let row = 0; this.nullCount && row < valid.length; row++) nulls += 1 - valid[row];
    /** @type {Uint8Array[]} */
    const buffers = [nulls ? bits(valid) : new Uint8Array(0)];
    if (this.offsets) {
      const first = this.offsets[start];
      const offsets = this.offsets.slice(start, stop + 1).map((offset) => offset - first);
      buffers.push(bytesOf(offsets), this.data.subarray(first, this.offsets[stop]));
    } else if (this.type === "bool") {
      buffers.push(bits(this.data.subarray(start, stop)));
    } else {
      buffers.push(bytesOf(this.data.subarray(start, stop)));
    }
    return { nulls, buffers };
  }

  /** @param {ArrayLike<any>} values */
  texts(values) {
    const json = this.type === "json";
    const texts = Array.from(values, (value) => {
      if (value == null) return undefined;
      if (json) return value instanceof Uint8Array ? value : encode(jsonText(value));
      if (typeof value !== "string") throw new TypeError(`${short(value)} is no string`);
      return encode(value);
    });
    this.offsets = new Int32Array(values.length + 1);
    let end = 0;
    texts.forEach((text, row) => {
      end += text?.length ?? 0;
      /** @type {Int32Array} */ (this.offsets)[row + 1] = end;
    });
    const data = new Uint8Array(end);
    texts.forEach((text, row) => text && data.set(text, /** @type {Int32Array} */ (this.offsets)[row]));
    return data;
  }
}

/**
 * The type that all values fit; what has no values at all is float64.
 *
 * @param {ArrayLike<any>} values
 * @returns {FieldType}
 */
export function infer(values) {
  for (const [type, { array }] of /** @type {[FieldType, any][]} */ (Object.entries(FIELD_TYPES))) {
    if (array && values instanceof array) return type;
  }
  const kinds = new Set();
  for (let row = 0; row < values.length; row++) {
    if (values[row] != null) kinds.add(kind(values[row]));
  }
  if (kinds.size === 0) return "float64";
  if (kinds.size === 1) return [...kinds][0];
  const names = [...kinds].sort().join(" and ");
  throw new TypeError(`values of ${names} have no type in common: make them one, or say type: "string"`);
}

/**
 * @param {any} value
 * @returns {FieldType}
 */
function kind(value) {
  switch (typeof value) {
    case "number":
      return "float64";
    case "bigint":
      return "int64";
    case "string":
      return "string";
    case "boolean":
      return "bool";
    default:
      return value instanceof Date || value instanceof Timestamp ? "time" : "json";
  }
}

/**
 * @param {ArrayLike<any>} values
 * @param {FieldType} type
 */
function numbers(values, type) {
  const { array, big } = FIELD_TYPES[type];
  if (values instanceof array) return values;
  const column = new array(values.length);
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (value == null) continue;
    column[row] = type === "time" ? nanoseconds(value) : big ? whole(value, type) : number(value, type);
    const exact = type === "time" || type === "float32" || type === "float64";
    // Typed arrays wrap around in silence.
    if (!exact && column[row] != value) throw new TypeError(`${short(value)} is no ${type}`);
  }
  return column;
}

/**
 * @param {any} value
 * @param {FieldType} type
 */
function number(value, type) {
  if (typeof value !== "number") throw new TypeError(`${short(value)} is no ${type}`);
  return value;
}

/**
 * @param {any} value
 * @param {FieldType} type
 */
function whole(value, type) {
  if (typeof value === "bigint") return value;
  if (Number.isSafeInteger(value)) return BigInt(value);
  throw new TypeError(`${short(value)} is no ${type}: beyond 2^53 write a bigint`);
}

/** @param {any} value */
function nanoseconds(value) {
  const nanos = instant(value);
  if (BigInt.asIntN(64, nanos) !== nanos) {
    throw new TypeError(`${short(value)} is beyond what nanoseconds in 64 bits reach: they begin in 1677 and end in 2262`);
  }
  return nanos;
}

/**
 * @param {any} value
 * @returns {bigint}
 */
function instant(value) {
  if (value instanceof Timestamp) return value.nanos;
  if (typeof value === "bigint") return value;
  const millis = value instanceof Date ? value.getTime() : value;
  if (typeof millis === "number" && Number.isFinite(millis)) return Timestamp.fromMillis(millis).nanos;
  throw new TypeError(`${short(value)} is no instant: give a Date, a Timestamp, milliseconds, or nanoseconds as a bigint`);
}

/** @param {any} value */
function truth(value) {
  if (value != null && typeof value !== "boolean") throw new TypeError(`${short(value)} is neither true nor false`);
  return value ? 1 : 0;
}

/** @param {any} value */
function jsonText(value) {
  let text;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new TypeError(`${short(value)} is no JSON: ${error instanceof Error ? error.message : error}`);
  }
  // What JSON leaves out: functions, symbols.
  if (text === undefined) throw new TypeError(`${short(value)} is no JSON`);
  return text;
}

/** @param {any} value */
function short(value) {
  const text = typeof value === "bigint" ? `${value}n` : shown(value);
  return text.length < 80 ? text : `${text.slice(0, 79)}…`;
}

/** @param {{ buffer: ArrayBufferLike, byteOffset: number, byteLength: number }} view */
function bytesOf(view) {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/**
 * Eight flags a byte, the first one lowest.
 *
 * @param {Uint8Array} flags
 */
function bits(flags) {
  const packed = new Uint8Array((flags.length + 7) >> 3);
  for (let row = 0; row < flags.length; row++) packed[row >> 3] |= flags[row] << (row & 7);
  return packed;
}
