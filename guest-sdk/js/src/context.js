/** Who asks, within which bounds. The host fills it; a plugin reads it and hands it to `Http`. */

import { CancelSignal } from "./cancel.js";

/** @typedef {{ login: string, name: string, email: string, role: string }} User `role` is Viewer, Editor or Admin. */

/** Everything about a call that is not the question itself. */
export class RequestContext {
  #started = Date.now();

  /**
   * @param {{ orgId?: number, user?: User, headers?: [string, string][], traceparent?: string, budgetMs?: number,
   *   extensions?: Record<string, string>, signal?: CancelSignal }} [about]
   */
  constructor({ orgId = 1, user, headers = [], traceparent, budgetMs = 30_000, extensions = {}, signal } = {}) {
    this.orgId = orgId;
    /** Who asks; there only where the manifest asks `forward: user`. */
    this.user = user;
    /** To send upstream, lower-case names; there only where the manifest asks `forward: headers`. `Http` sends them. */
    this.headers = headers;
    /** W3C trace context of the host's span for this call; `Http` sends it. */
    this.traceparent = traceparent;
    /** From the start of the call until it is cancelled; infinite for a stream's run, which goes on. */
    this.budgetMs = budgetMs;
    /** Values that later versions of the contract added. */
    this.extensions = extensions;
    /** Aborted when nobody waits any more. What awaits something of the SDK is then told by an exception. */
    this.signal = signal ?? new CancelSignal();
  }

  /** What is left of the budget. */
  get remainingMs() {
    return Math.max(0, this.budgetMs - (Date.now() - this.#started));
  }
}
