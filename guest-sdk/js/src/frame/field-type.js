/** Grafana's field types and the one Arrow type each is written as. Names and the table are those of `wellhead-frame`. */

/**
 * @typedef {"int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64" | "float32" | "float64" | "string"
 *   | "bool" | "time" | "json" | "enum"} FieldType The type of a field's values, without nullability. `time` is nanoseconds
 *   since the epoch, `json` one document a value, `enum` an index into the texts of the field's config.
 */

/**
 * What is known of a type: the front end's coarser one, the array its values are held in if they are numbers, whether these
 * are bigints.
 *
 * @type {Record<FieldType, { tstype: string, array?: any, big?: boolean }>}
 */
export const FIELD_TYPES = {
  int8: { tstype: "number", array: Int8Array },
  int16: { tstype: "number", array: Int16Array },
  int32: { tstype: "number", array: Int32Array },
  int64: { tstype: "number", array: BigInt64Array, big: true },
  uint8: { tstype: "number", array: Uint8Array },
  uint16: { tstype: "number", array: Uint16Array },
  uint32: { tstype: "number", array: Uint32Array },
  uint64: { tstype: "number", array: BigUint64Array, big: true },
  float32: { tstype: "number", array: Float32Array },
  float64: { tstype: "number", array: Float64Array },
  string: { tstype: "string" },
  bool: { tstype: "boolean" },
  time: { tstype: "time", array: BigInt64Array, big: true },
  json: { tstype: "other" },
  enum: { tstype: "enum", array: Uint16Array },
};
