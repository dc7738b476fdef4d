/** The contract's records to the SDK's types and back. Nothing is decided here. */

import { RequestContext } from "../context.js";
import { Timestamp } from "../timestamp.js";

/** `budget-ms` of a call without a deadline. */
const NO_DEADLINE = 0xffff_ffff;

/**
 * @param {any} settings
 * @param {any} jsonData
 * @returns {import("../datasource.js").InstanceSettings}
 */
export function settingsOf(settings, jsonData) {
  const { secrets, extensions } = settings;
  return { ...settings, jsonData, secrets: Object.fromEntries(secrets), extensions: Object.fromEntries(extensions) };
}

/**
 * @param {any} ctx
 * @param {import("../cancel.js").CancelSignal} signal
 */
export function contextOf(ctx, signal) {
  return new RequestContext({
    orgId: ctx.orgId,
    user: ctx.user ?? undefined,
    headers: ctx.headers,
    traceparent: ctx.traceparent ?? undefined,
    budgetMs: ctx.budgetMs === NO_DEADLINE ? Infinity : ctx.budgetMs,
    extensions: Object.fromEntries(ctx.extensions),
    signal,
  });
}

/**
 * @param {any} query
 * @returns {import("../query.js").DataQuery<string>}
 */
export function queryOf(query) {
  const { from, to } = query.timeRange;
  return { ...query, timeRange: { from: instant(from), to: instant(to) } };
}

/** @param {{ seconds: number, nanoseconds: number }} time */
function instant({ seconds, nanoseconds }) {
  return new Timestamp(seconds, nanoseconds);
}

/** @param {object | undefined} details */
export function detailsTo(details) {
  return details === undefined ? undefined : JSON.stringify(details);
}

/** @param {import("../error.js").PluginError} error */
export function errorTo({ status, source, message, details }) {
  return { status, source, message, details: detailsTo(details) };
}

/** @param {import("../reply.js").DataResponse} response */
export function responseTo({ refId, status, frames, error }) {
  return { refId, status, frames, error: error && errorTo(error) };
}

/** @param {import("../reply.js").Piece} piece */
export function pieceTo(piece) {
  switch (piece.tag) {
    case "begin":
      return { tag: "begin", val: { refId: piece.refId, frame: piece.frame, schema: piece.schema } };
    case "batch":
      return { tag: "batch", val: { frame: piece.frame, message: piece.message } };
    case "done":
      return { tag: "done", val: responseTo(piece.response) };
  }
}

/** @param {import("../streaming.js").Packet} packet */
export function packetTo(packet) {
  return packet.tag === "failed" ? { tag: "failed", val: errorTo(packet.val) } : packet;
}
