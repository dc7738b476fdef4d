/** Instants with nanoseconds, which `Date` does not have. */

/** An instant: seconds and nanoseconds since the Unix epoch, UTC. */
export class Timestamp {
  /**
   * @param {number} seconds whole
   * @param {number} [nanoseconds] below a thousand million
   */
  constructor(seconds, nanoseconds = 0) {
    this.seconds = seconds;
    this.nanoseconds = nanoseconds;
  }

  /** @param {number | Date} millis milliseconds since the epoch */
  static fromMillis(millis) {
    const seconds = Math.floor(Number(millis) / 1000);
    return carried(seconds, Math.round((Number(millis) - seconds * 1000) * 1e6));
  }

  /** @param {number} seconds rounded to microseconds, which is what a number holds of today's instants */
  static fromSeconds(seconds) {
    const whole = Math.floor(seconds);
    return carried(whole, Math.round((seconds - whole) * 1e6) * 1000);
  }

  /** @param {bigint} nanos nanoseconds since the epoch */
  static fromNanos(nanos) {
    const rest = ((nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
    return new Timestamp(Number((nanos - rest) / 1_000_000_000n), Number(rest));
  }

  /** The time of day. */
  static now() {
    return Timestamp.fromMillis(Date.now());
  }

  /** Milliseconds since the epoch, with their fraction. */
  get millis() {
    return this.seconds * 1000 + this.nanoseconds / 1e6;
  }

  /** Nanoseconds since the epoch. */
  get nanos() {
    return BigInt(this.seconds) * 1_000_000_000n + BigInt(this.nanoseconds);
  }

  /** As a `Date`, cut to milliseconds. */
  toDate() {
    return new Date(Math.floor(this.millis));
  }

  /** RFC 3339, with as many digits as it takes. */
  toString() {
    const text = new Date(this.seconds * 1000).toISOString().replace(/\.000Z$/, "");
    const digits = this.nanoseconds ? `.${String(this.nanoseconds).padStart(9, "0")}`.replace(/0+$/, "") : "";
    return `${text}${digits}Z`;
  }

  toJSON() {
    return this.toString();
  }
}

/**
 * A fraction that was rounded may have become a whole second.
 *
 * @param {number} seconds
 * @param {number} nanoseconds
 */
function carried(seconds, nanoseconds) {
  return nanoseconds < 1e9 ? new Timestamp(seconds, nanoseconds) : new Timestamp(seconds + 1);
}

/**
 * A span of time; `from` is not after `to`.
 *
 * @typedef {{ from: Timestamp, to: Timestamp }} TimeRange
 */
