// Requests as an upstream sees them, and what becomes of its answers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { current, install } from "../src/host.js";
import { Http, PluginError, RequestContext, pathSegment } from "../src/index.js";
import { Address } from "../src/http/address.js";
import { StreamedResponse } from "../src/http/response.js";
import { HttpFailure, TestHost } from "../src/testing.js";
import { decode, encode } from "../src/utf8.js";

async function sent(base, path, parts, { ctx = new RequestContext(), method = "GET" } = {}) {
  let seen;
  new TestHost((request) => {
    seen = request;
    return {};
  });
  await new Http(base).request(method, ctx, path, parts);
  return seen;
}

async function failed(answer, client) {
  new TestHost(() => answer);
  return failure(new Http("http://h", client).get(new RequestContext(), "p", { query: { token: "t" } }));
}

async function failure(work) {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof PluginError, String(error));
    return error;
  }
  assert.fail("it worked");
}

test("paths and pairs are appended", async () => {
  const cases = [
    ["http://h", "", {}, "http://h/"],
    ["http://h/base/", "/q", { a: 1 }, "http://h/base/q?a=1"],
    ["http://h?k=v", "q?x=1", { b: "x y" }, "http://h/q?k=v&x=1&b=x%20y"],
    ["http://h", "http://other/x", { f: true }, "http://other/x?f=true"],
  ];
  for (const [base, path, query, url] of cases) assert.equal((await sent(base, path, { query })).url, url);
  assert.equal(pathSegment("a/b c'"), "a%2Fb%20c%27");
});

test("forwarded headers and the trace go along and the author's win", async () => {
  const ctx = new RequestContext({ headers: [["authorization", "Bearer user"], ["x-id", "i"]], traceparent: "00-1-2-01" });
  const { headers } = await sent("http://h", "", { headers: { Authorization: "mine" } }, { ctx });
  assert.deepEqual(headers, { authorization: "mine", "x-id": "i", traceparent: "00-1-2-01" });
});

test("bodies bear their type", async () => {
  const json = await sent("http://h", "", { json: { a: "ü" } }, { method: "POST" });
  assert.deepEqual([json.body, json.headers["content-type"]], ['{"a":"ü"}', "application/json"]);
  assert.equal((await sent("http://h", "", { form: { q: "a+b" } }, { method: "POST" })).body, "q=a%2Bb");
});

test("basic auth is sent where there is a secret", async () => {
  const settings = { url: "http://h", basicAuth: true, basicAuthUser: "u", secrets: { basicAuthPassword: "p" } };
  let seen;
  new TestHost((request) => {
    seen = request;
    return {};
  });
  await Http.forSettings(settings).get(new RequestContext());
  assert.equal(seen.headers.authorization, "Basic dTpw");
});

test("a place that makes no sense is a bad request", async () => {
  const cases = [
    ["", "", "the data source has no URL: set one"],
    ["h", "", "it must begin with http:// or https://"],
    ["ftp://h", "", 'the scheme is "ftp"'],
    ["http://u:p@h", "", "must not hold user name and password"],
    ["http://h", "a/%2E./b", "has a segment of dots"],
    ["http://h", "a b", "percent-encode it"],
  ];
  for (const [base, path, said] of cases) {
    const error = await failure(sent(base, path));
    assert.equal(error.status, 400);
    assert.ok(error.message.includes(said), error.message);
  }
});

test("a status that says no keeps its number and quotes the answer", async () => {
  let error = await failed({ status: 404, body: '{"error":\n  "no such thing"}' });
  assert.deepEqual([error.status, error.source], [404, "downstream"]);
  assert.equal(error.message, 'GET http://h/p: the server answered 404 Not Found: {"error": "no such thing"}');
  error = await failed({ status: 405 });
  assert.equal(error.source, "plugin");
  error = await failed({ status: 500, body: "x".repeat(100_000) });
  assert.ok(error.message.length < 1_000);
});

test("JSON that is not as expected is named and quoted", async () => {
  new TestHost(() => ({ body: '{"rows": [1, "x"]}' }));
  const response = await new Http("http://h").get(new RequestContext(), "p");
  assert.throws(() => response.json({ rows: ["number"] }), {
    message: 'GET http://h/p: answer.rows[1]: expected a number, found "x"; it begins "{\\"rows\\": [1, \\"x\\"]}"',
  });
});

test("a body above the limit or cut short is an error", async () => {
  let error = await failed({ body: "x".repeat(1_001) }, { maxBody: 1_000 });
  assert.ok(error.message.includes("the answer is too large (1000 bytes are allowed: ask for less)"));
  error = await failed({ body: "x", headers: { "Content-Length": "2" } });
  assert.ok(error.message.includes("it ended before the answer was whole"));
});

test("an answer that has no body may tell the length of the one it has not", async () => {
  const headers = { "Content-Length": "2000000000" };
  new TestHost(({ method }) => ({ status: method === "HEAD" ? 200 : 304, headers }));
  const http = new Http("http://h");
  assert.equal((await http.request("HEAD", new RequestContext(), "p")).body.length, 0);
  assert.equal((await http.request("GET", new RequestContext(), "p", { anyStatus: true })).status, 304);
});

test("failures get Grafana's status and source", async () => {
  for (const [name, status, source] of [["denied", 403, "plugin"], ["timeout", 504, "downstream"], ["refused", 502, "downstream"]]) {
    new TestHost(() => {
      throw new HttpFailure(name, "why");
    });
    const error = await failure(new Http("http://h").get(new RequestContext(), "p"));
    assert.deepEqual([error.status, error.source, error.message.includes("(why)")], [status, source, true]);
  }
});

test("lines of a streamed body are whole", async () => {
  new TestHost(() => ({ body: `a\r\n${"b".repeat(1_000)}\nlast` }));
  const lines = [];
  for await (const line of (await new Http("http://h").stream("GET", new RequestContext())).lines()) lines.push(line);
  assert.deepEqual(lines, ["a", "b".repeat(1_000), "last"]);
});

test("a line without an end is given up", async () => {
  let [asked, closed] = [0, false];
  const read = async () => (asked++ ? new Uint8Array(64 << 10).fill(97) : new TextEncoder().encode("a\r\n\r\n"));
  const address = Address.parse("http://h/p");
  const answer = new StreamedResponse("GET", address, { status: 200, headers: [], read, close: () => (closed = true) });
  const lines = [];
  const failing = (async () => {
    for await (const line of answer.lines()) lines.push(line);
  })();
  await assert.rejects(failing, { message: /too large \(a line has more than the 16777216 bytes allowed\)/ });
  assert.deepEqual([lines, asked, closed], [["a", ""], 258, true]);
});

test("what a failure says stands as it is", () => {
  const error = new HttpFailure("tls", "of $& and $1").of("GET", Address.parse("http://h/p"));
  assert.equal(error.message, "GET http://h/p: TLS failed (of $& and $1)");
});

test("a request of a cancelled call is given up", async () => {
  const ctx = new RequestContext();
  new TestHost(() => new Promise(() => {}));
  const asked = failure(new Http("http://h").get(ctx));
  ctx.signal.abort("caller-gone");
  assert.equal((await asked).status, 499);
});

test("an answer that stalls is given up in time", async () => {
  const ask = (answer, timeoutMs) => {
    new TestHost(answer);
    return new Http("http://h").get(new RequestContext(), "p", { query: { t: 1 }, timeoutMs });
  };
  const error = await failure(ask(() => new Promise(() => {}), 20));
  assert.deepEqual([error.status, error.source], [504, "downstream"]);
  assert.equal(error.message, "GET http://h/p: no answer in time (20 ms)");
  assert.equal((await ask(() => ({ body: "x" }), 60_000)).text(), "x");
});

test("each part of a body has its own time, and what is late is given up", async () => {
  const parts = async (...waits) => {
    new TestHost();
    let closed = false;
    install({
      ...current(),
      fetch: async (_, signal) => ({
        status: 200,
        headers: [],
        read: async () => {
          if (!waits.length) return undefined;
          await signal.race(new Promise((resolve) => setTimeout(resolve, waits.shift()).unref()));
          return encode("x");
        },
        close: () => (closed = true),
      }),
    });
    try {
      const answer = await new Http("http://h").stream("GET", new RequestContext(), "", { timeoutMs: 200 });
      let body = "";
      for await (const chunk of answer) body += decode(chunk);
      return body;
    } finally {
      assert.ok(closed);
    }
  };
  assert.equal(await parts(80, 80, 80, 80), "xxxx");
  assert.match((await failure(parts(10, 5_000))).message, /no answer in time \(200 ms\)/);
});

test("a call that is cancelled ends a request that has time left", async () => {
  const ctx = new RequestContext();
  new TestHost(() => new Promise(() => {}));
  const asked = failure(new Http("http://h").get(ctx, "p", { timeoutMs: 60_000 }));
  ctx.signal.abort("caller-gone");
  assert.equal((await asked).status, 499);
});
