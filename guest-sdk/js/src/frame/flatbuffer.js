/**
 * As much of FlatBuffers as Arrow's messages take: tables, strings, vectors. Written front to back, every offset filled in
 * when what it points to is written, which the format allows because offsets point forward.
 */

import { encode } from "../utf8.js";

/**
 * A field of a table: its number in the schema, its size in bytes, its value.
 *
 * @typedef {[number, 1 | 2 | 4 | 8, number]} Scalar
 * @typedef {(flat: FlatBuffer) => number} Writer Writes something and says where.
 * @typedef {[number, Writer]} Target A field that is an offset: its number, what writes where it points.
 */

/** A message in the making. Everything that writes returns the place of what it wrote. */
export class FlatBuffer {
  /** @param {Writer} root */
  constructor(root) {
    this.bytes = new Uint8Array(1024);
    this.view = new DataView(this.bytes.buffer);
    this.length = 4;
    this.refer(0, root);
  }

  /** The message, padded. */
  finish(align = 8) {
    this.pad(align);
    return this.bytes.slice(0, this.length);
  }

  /**
   * A table and all it refers to.
   *
   * @param {Scalar[]} scalars
   * @param {Target[]} [targets]
   */
  table(scalars, targets = []) {
    /** @type {Scalar[]} */
    const inline = [...scalars, ...targets.map(([number]) => /** @type {Scalar} */ ([number, 4, 0]))];
    // The largest first, after the four bytes of the way to the vtable: so all are aligned.
    inline.sort((a, b) => b[1] - a[1]);
    /** @type {Map<number, number>} */
    const places = new Map();
    let size = 4;
    for (const [number, width] of inline) {
      places.set(number, size);
      size += width;
    }
    const slots = Math.max(-1, ...places.keys()) + 1;
    const vtable = 4 + 2 * slots;
    // The table begins four bytes before a multiple of eight.
    this.pad(8, 4 + vtable);
    const table = this.take(vtable + size) + vtable;
    this.view.setUint16(table - vtable, vtable, true);
    this.view.setUint16(table - vtable + 2, size, true);
    for (const [number, place] of places) this.view.setUint16(table - vtable + 4 + 2 * number, place, true);
    this.view.setInt32(table, vtable, true);
    for (const [number, width, value] of inline) {
      this.put(table + /** @type {number} */ (places.get(number)), width, value);
    }
    for (const [number, target] of targets) this.refer(table + /** @type {number} */ (places.get(number)), target);
    return table;
  }

  /** @param {string} text */
  string(text) {
    const data = encode(text);
    this.pad(4);
    const place = this.take(5 + data.length);
    this.view.setUint32(place, data.length, true);
    this.bytes.set(data, place + 4);
    return place;
  }

  /**
   * A vector of offsets.
   *
   * @param {Writer[]} writers
   */
  vector(writers) {
    this.pad(4);
    const place = this.take(4 + 4 * writers.length);
    this.view.setUint32(place, writers.length, true);
    writers.forEach((writer, index) => this.refer(place + 4 + 4 * index, writer));
    return place;
  }

  /**
   * A vector of structs of two 64-bit numbers.
   *
   * @param {[number, number][]} pairs
   */
  pairs(pairs) {
    this.pad(8, 4);
    const place = this.take(4 + 16 * pairs.length);
    this.view.setUint32(place, pairs.length, true);
    pairs.flat().forEach((number, index) => this.put(place + 4 + 8 * index, 8, number));
    return place;
  }

  /**
   * @param {number} place
   * @param {Writer} target
   */
  refer(place, target) {
    const at = target(this);
    this.view.setUint32(place, at - place, true);
  }

  /**
   * @param {number} place
   * @param {number} width
   * @param {number} value
   */
  put(place, width, value) {
    if (width === 1) this.view.setUint8(place, value);
    else if (width === 2) this.view.setUint16(place, value, true);
    else if (width === 4) this.view.setUint32(place, value, true);
    else this.view.setBigInt64(place, BigInt(value), true);
  }

  /**
   * Pads so that what comes `before` bytes later is aligned.
   *
   * @param {number} align
   */
  pad(align, before = 0) {
    this.take((align - ((this.length + before) % align)) % align);
  }

  /**
   * So many bytes more, all of them 0; returns where they begin.
   *
   * @param {number} bytes
   */
  take(bytes) {
    const place = this.length;
    this.length += bytes;
    if (this.length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.length, 2 * this.bytes.length));
      grown.set(this.bytes);
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    return place;
  }
}
