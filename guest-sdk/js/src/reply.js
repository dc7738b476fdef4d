/**
 * All queries of a request side by side. While answers are small they are gathered; the first large one ends the gathering, and
 * everything from there on travels in pieces, one answer after the other, while the other queries still run.
 */

import { asError } from "./fault.js";
import { BEST_BYTES, Frame } from "./frame/frame.js";
import { PluginError } from "./error.js";
import { FrameStream, QueryResult, asResult } from "./query.js";
import { read } from "./shape.js";

/** The most that answers weigh together which go out at once: enough for most dashboards, and no more than one piece. */
const READY_BYTES = BEST_BYTES;

/**
 * @typedef {{ refId: string, status: number, frames: Uint8Array[], error?: PluginError }} DataResponse The final word on one refId,
 *   as the contract has it.
 * @typedef {{ tag: "begin", refId: string, frame: number, schema: Uint8Array } | { tag: "batch", frame: number, message: Uint8Array }
 *   | { tag: "done", response: DataResponse }} Piece
 * @typedef {{ refId: string, result: QueryResult }} Answer What became of one query.
 */

/**
 * Reads the model and asks the data source. Never rejects.
 *
 * @param {import("./datasource.js").DataSource} source
 * @param {import("./context.js").RequestContext} ctx
 * @param {import("./query.js").DataQuery<string>} query
 * @returns {Promise<Answer>}
 */
export async function answer(source, ctx, query) {
  try {
    const { queryShape } = /** @type {typeof import("./datasource.js").DataSource} */ (source.constructor);
    const model = read("query", query.model, queryShape);
    return { refId: query.refId, result: asResult(await source.query(ctx, { ...query, model })) };
  } catch (error) {
    return { refId: query.refId, result: new QueryResult([], { error: asError(error) }) };
  }
}

/**
 * Waits until all queries are answered or one answer is large: what is there now, and what still comes.
 *
 * @param {Promise<Answer>[]} queries
 * @returns {Promise<{ ready: DataResponse[], rest?: AsyncGenerator<Piece> }>}
 */
export async function run(queries) {
  const coming = inTurn(queries);
  /** @type {DataResponse[]} */
  const ready = [];
  let taken = 0;
  for (let next; !(next = await coming.next()).done; ) {
    const bytes = numBytes(next.value);
    if (bytes === undefined || taken + bytes > READY_BYTES) return { ready, rest: pieces(next.value, coming) };
    taken += bytes;
    ready.push(response(next.value));
  }
  return { ready };
}

/**
 * Answers as they come, the first one first.
 *
 * @param {Promise<Answer>[]} queries
 * @returns {AsyncGenerator<Answer, undefined>}
 */
async function* inTurn(queries) {
  const running = new Map(queries.map((query, place) => [place, query.then((answer) => ({ place, answer }))]));
  while (running.size) {
    const { place, answer } = await Promise.race(running.values());
    running.delete(place);
    yield answer;
  }
}

/**
 * About how many bytes an answer's frames have, `undefined` where that is not known yet.
 *
 * @param {Answer} answer
 */
function numBytes({ result }) {
  return result.frames.some((output) => output instanceof FrameStream)
    ? undefined
    : result.frames.reduce((sum, frame) => sum + /** @type {Frame} */ (frame).numBytes, 0);
}

/**
 * The whole answer at once; for what is small. A frame that cannot be written is its own query's failure.
 *
 * @param {Answer} answer
 * @returns {DataResponse}
 */
function response({ refId, result: { status, frames, error } }) {
  try {
    return { refId, status, frames: frames.map((frame) => /** @type {Frame} */ (frame).toIpcStream()), error };
  } catch (thrown) {
    return { refId, status, frames: [], error: error ?? asError(thrown) };
  }
}

/**
 * @param {Answer} first
 * @param {AsyncGenerator<Answer, undefined>} coming
 * @returns {AsyncGenerator<Piece>}
 */
async function* pieces(first, coming) {
  const numbers = { next: 0 };
  yield* answerPieces(first, numbers);
  for await (const answer of coming) yield* answerPieces(answer, numbers);
}

/**
 * @param {Answer} answer
 * @param {{ next: number }} numbers
 * @returns {AsyncGenerator<Piece>}
 */
async function* answerPieces({ refId, result }, numbers) {
  let { error } = result;
  try {
    for (const output of result.frames) yield* framePieces(refId, output, numbers.next++);
  } catch (thrown) {
    error ??= asError(thrown);
  }
  yield { tag: "done", response: { refId, status: result.status, frames: [], error } };
}

/**
 * @param {string} refId
 * @param {Frame | FrameStream} output
 * @param {number} frame
 * @returns {AsyncGenerator<Piece>}
 */
async function* framePieces(refId, output, frame) {
  /** @type {Frame | undefined} */
  let first;
  for await (const part of output instanceof FrameStream ? output.parts : [output]) {
    if (!first) {
      first = part;
      yield { tag: "begin", refId, frame, schema: part.schemaMessage() };
    } else if (!first.sameFields(part)) {
      throw new PluginError(`a part of frame ${JSON.stringify(part.name)} has other fields than its first part`);
    }
    for (const message of part.batchMessages()) yield { tag: "batch", frame, message };
  }
}
