/**
 * Numbers about the plugin itself. The host exports them with plugin and data source as labels; it limits the number of series, so
 * labels take few values.
 */

import { current } from "./host.js";

/** @typedef {Record<string, string>} MetricLabels */

/** A number that only grows; its name ends in `_total`. */
export class Counter {
  /** @param {string} name */
  constructor(name) {
    this.name = name;
  }

  /**
   * Adds a value that is not negative.
   *
   * @param {number} [value]
   * @param {MetricLabels} [labels]
   */
  add(value = 1, labels = {}) {
    current().metric("add", this.name, value, Object.entries(labels));
  }
}

/** A number that goes up and down: how this instance is now. The host adds up those of a data source's instances. */
export class Gauge {
  /** @param {string} name */
  constructor(name) {
    this.name = name;
  }

  /**
   * Sets the value.
   *
   * @param {number} value
   * @param {MetricLabels} [labels]
   */
  set(value, labels = {}) {
    current().metric("set", this.name, value, Object.entries(labels));
  }
}

/** How numbers are distributed; its name ends in the unit, `_seconds` or `_bytes`. */
export class Histogram {
  /** @param {string} name */
  constructor(name) {
    this.name = name;
  }

  /**
   * Adds an observation.
   *
   * @param {number} value
   * @param {MetricLabels} [labels]
   */
  observe(value, labels = {}) {
    current().metric("observe", this.name, value, Object.entries(labels));
  }
}
