/** URLs as plugins need them: a base from the settings, a path appended, pairs in the query. */

import { PluginError } from "../error.js";

/** @typedef {Record<string, unknown> | [string, unknown][]} Pairs */

/**
 * One segment of a path, percent-encoded: a `/` in it stays part of the segment.
 *
 * @param {string} text
 */
export function pathSegment(text) {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * `key=value&…`, encoded for a query or a form.
 *
 * @param {Pairs} pairs
 */
export function encodePairs(pairs) {
  const entries = Array.isArray(pairs) ? pairs : Object.entries(pairs);
  return entries.map(([key, value]) => `${pathSegment(key)}=${pathSegment(String(value))}`).join("&");
}

/** An absolute `http` or `https` URL. */
export class Address {
  /**
   * @param {string} scheme
   * @param {string} authority
   * @param {string} path starts with `/`, percent-encoded
   * @param {string} query without `?`, percent-encoded; may be empty
   */
  constructor(scheme, authority, path, query) {
    this.scheme = scheme;
    this.authority = authority;
    this.path = path;
    this.query = query;
  }

  /**
   * Reads an absolute URL.
   *
   * @param {string} url
   * @throws {PluginError} that names it
   */
  static parse(url) {
    url = url.trim();
    if (!url) throw PluginError.badRequest("the data source has no URL: set one");
    const wrong = (/** @type {string} */ why) =>
      PluginError.badRequest(`${JSON.stringify(url)} is not an http or https URL: ${why}`);
    const parts = /^([^:/?#]+):\/\/([^/?]*)([^?]*)(?:\?(.*))?$/.exec(url.split("#", 1)[0]);
    if (!parts) throw wrong("it must begin with http:// or https://");
    const [, scheme, authority, path, query = ""] = parts;
    if (!/^https?$/i.test(scheme)) throw wrong(`the scheme is ${JSON.stringify(scheme)}`);
    if (!authority) throw wrong("it names no host");
    if (authority.includes("@")) {
      throw PluginError.badRequest("a URL must not hold user name and password: use the data source's basic auth");
    }
    const odd = /[^!-~]/u.exec(authority + path + query);
    if (odd) throw wrong(`it has the character '${odd[0]}'`);
    return new Address(scheme.toLowerCase(), authority, path || "/", query);
  }

  /**
   * `path` below this address, which keeps its own path and query; an absolute URL replaces all of it. A path that climbs out by
   * `..` is refused.
   *
   * @param {string} path
   */
  join(path) {
    if (/^https?:\/\//.test(path)) return Address.parse(path);
    const cut = path.indexOf("?");
    const [below, query] = cut < 0 ? [path, ""] : [path.slice(0, cut), path.slice(cut + 1)];
    const named = `the path ${JSON.stringify(below)}`;
    if (below.split("/").some((segment) => /^\.{1,2}$/.test(segment.replace(/%2e/gi, ".")))) {
      throw PluginError.badRequest(`${named} has a segment of dots: name the place itself`);
    }
    const odd = /[^!-~]|#/u.exec(below + query);
    if (odd) {
      throw PluginError.badRequest(`${named} has the character '${odd[0]}': percent-encode it with pathSegment()`);
    }
    const joined = below ? `${this.path.replace(/\/+$/, "")}/${below.replace(/^\/+/, "")}` : this.path;
    return new Address(this.scheme, this.authority, joined, this.query).and(query);
  }

  /**
   * With more in the query, which is encoded already.
   *
   * @param {string} query
   */
  and(query) {
    const both = [this.query, query].filter(Boolean).join("&");
    return new Address(this.scheme, this.authority, this.path, both);
  }

  /**
   * All of it.
   *
   * @returns {string}
   */
  get url() {
    return `${this}${this.query ? `?${this.query}` : ""}`;
  }

  /** Without the query, which may hold what is nobody's business. */
  toString() {
    return `${this.scheme}://${this.authority}${this.path}`;
  }
}
