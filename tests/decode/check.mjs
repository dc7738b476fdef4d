// Decodes answers with the code their readers run: Grafana's front end for JSON, Arrow's JavaScript reader for Arrow.
// Each check returns its findings as sentences; an empty list means that the reader sees what was meant.
import { createRequire } from 'node:module';
import { RecordBatchReader, Table, Type } from 'apache-arrow';

// @grafana/data is CommonJS at heart: its ES build imports files that Node does not resolve.
const grafana = createRequire(import.meta.url)('@grafana/data');
const { FieldType, dataFrameFromJSON, dataFrameToJSON, getFieldDisplayName, isDataFrame, toDataFrame } = grafana;

const TYPES = new Set(Object.values(FieldType));
const VALUES = {
  [FieldType.time]: 'number',
  [FieldType.number]: 'number',
  [FieldType.string]: 'string',
  [FieldType.boolean]: 'boolean',
};
// Milliseconds beyond the year 14000 are nanoseconds or microseconds that nobody converted.
const LATEST_MS = 4e14;

/** Everything Grafana would trip over in the body of an answer of /api/ds/query. */
export function checkResponse(body) {
  const findings = [];
  for (const [refId, result] of Object.entries(body.results ?? {})) {
    if (!Number.isInteger(result.status)) findings.push(`${refId}: no status`);
    if (result.error !== undefined && !['plugin', 'downstream'].includes(result.errorSource)) {
      findings.push(`${refId}: error without an errorSource`);
    }
    (result.frames ?? []).forEach((frame, index) => {
      findings.push(...checkFrame(frame).map((finding) => `${refId}[${index}]: ${finding}`));
      if (frame.schema?.refId !== refId) findings.push(`${refId}[${index}]: refId ${frame.schema?.refId}`);
    });
  }
  if (Object.keys(body.results ?? {}).length === 0) findings.push('no results');
  return findings;
}

function checkFrame(json) {
  if (!json.schema || !Array.isArray(json.data?.values)) return ['no schema, or no values'];
  if (json.schema.fields.length !== json.data.values.length) {
    return [`${json.schema.fields.length} fields, ${json.data.values.length} columns`];
  }
  const frame = dataFrameFromJSON(json);
  const findings = frame.fields.flatMap((field, index) => checkField(field, index, frame));
  if (!isDataFrame(toDataFrame(json))) findings.push('toDataFrame makes no data frame of it');
  if (dataFrameFromJSON(dataFrameToJSON(frame)).length !== frame.length) findings.push('a round trip changes its length');
  return findings;
}

function checkField(field, index, frame) {
  const findings = [];
  const say = (finding) => findings.push(`field ${index} (${field.name}): ${finding}`);
  const values = Array.from(field.values);
  const present = values.filter((value) => value !== null && value !== undefined);
  if (!TYPES.has(field.type)) say(`unknown type ${field.type}`);
  if (values.length !== frame.length) say(`${values.length} values in a frame of ${frame.length} rows`);
  const other = present.find((value) => VALUES[field.type] && typeof value !== VALUES[field.type]);
  if (other !== undefined) say(`a ${typeof other} (${other}) where ${field.type} is promised`);
  if (field.type === FieldType.time && present.some((value) => Math.abs(value) > LATEST_MS)) say('times are not milliseconds');
  if (typeof getFieldDisplayName(field, frame) !== 'string') say('no display name');
  return findings;
}

/**
 * The body of an answer in Arrow: streams, one after another. Those of one frame are put together under its number;
 * those without fields say how a query ended.
 */
export function arrowFrames(bytes) {
  const frames = new Map();
  const failures = [];
  for (const reader of RecordBatchReader.readAll(bytes)) {
    const table = new Table(reader);
    const metadata = reader.schema.metadata;
    if (metadata.has('error')) failures.push({ refId: metadata.get('refId'), error: metadata.get('error') });
    if (metadata.has('status')) continue;
    const number = metadata.get('frame');
    frames.set(number, [...(frames.get(number) ?? []), table]);
  }
  return { frames: [...frames.values()], failures };
}

/** Everything wrong with the streams of one frame, as Grafana's clients read them. */
export function checkArrow(tables) {
  return tables.flatMap((table) => {
    const findings = [];
    for (const key of ['name', 'refId']) {
      if (!table.schema.metadata.has(key)) findings.push(`schema metadata has no ${key}`);
    }
    table.schema.fields.forEach((field, index) => {
      const say = (finding) => findings.push(`field ${index} (${field.name}): ${finding}`);
      if (!field.metadata.has('tstype')) say('no tstype');
      if (field.typeId === Type.Dictionary) say('a dictionary, which Grafana refuses');
      // Every value, because a lying offset shows only when it is followed.
      const column = table.getChildAt(index);
      for (let row = 0; row < table.numRows; row += 1) column.get(row);
    });
    return findings;
  });
}
