// Every scenario of the plugin testdata, asked of a real server over HTTP, in JSON and in Arrow: Grafana's own code and
// Arrow's JavaScript reader must make of it what was sent.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { arrowFrames, checkArrow, checkResponse } from './check.mjs';
import { AS_ADMIN, startServer } from './server.mjs';

const ARROW_STREAM = 'application/vnd.apache.arrow.stream';
const RANGE = { from: '1700000000000', to: '1700000600000' };
// What a scenario needs beside its id.
const ARGUMENTS = {
  csv_content: { csvContent: 'when,what,how much\n2023-11-14T22:13:20Z,"a,b",1.5\n2023-11-14T22:13:21Z,,\n' },
  predictable_pulse: { pulseWave: { timeStep: 60, onCount: 3, offCount: 3, onValue: 2, offValue: 'null' } },
  rows: { rows: 20_000, seriesCount: 3 },
  server_error_500: { stringInput: '1,2' },
  slow_query: { stringInput: '50ms' },
};
// They fail on purpose: what is checked is the form of the failure.
const FAILING = new Set(['error_with_source', 'random_walk_with_error']);
// Its plugin crashes, so that there are no results at all.
const CRASHING = 'server_panic';

let server;
before(async () => { server = await startServer(); });
after(async () => { assert.equal(await server.stop(), 0, 'the server drains on SIGTERM'); });

function ask(queries, accept) {
  return fetch(`${server.url}/api/ds/query`, {
    method: 'POST',
    headers: { ...AS_ADMIN, 'Content-Type': 'application/json', Accept: accept },
    body: JSON.stringify({ ...RANGE, queries: queries.map((query) => ({ datasource: { uid: 'testdata' }, ...query })) }),
  });
}

const query = (scenarioId, refId = 'A') => ({ refId, scenarioId, seed: 7, ...ARGUMENTS[scenarioId] });

async function scenarios() {
  const response = await fetch(`${server.url}/api/datasources/uid/testdata/resources/scenarios`, { headers: AS_ADMIN });
  assert.equal(response.status, 200);
  return (await response.json()).map((scenario) => scenario.id);
}

test('Grafana decodes every scenario from JSON, and Arrow its rows from Arrow', async (t) => {
  for (const id of (await scenarios()).filter((id) => id !== CRASHING)) {
    await t.test(id, async () => {
      const json = await ask([query(id)], 'application/json');
      assert.equal(json.status, FAILING.has(id) ? 400 : 200);
      const body = await json.json();
      assert.deepEqual(checkResponse(body), []);

      const arrow = await ask([query(id)], ARROW_STREAM);
      assert.equal(arrow.headers.get('content-type'), ARROW_STREAM);
      const { frames, failures } = arrowFrames(new Uint8Array(await arrow.arrayBuffer()));
      assert.deepEqual(frames.flatMap((frame) => checkArrow(frame)), []);
      assert.equal(failures.length, FAILING.has(id) ? 1 : 0);
      assert.deepEqual(rows(frames), body.results.A.frames.map((frame) => frame.data.values[0]?.length ?? 0));
    });
  }
});

const rows = (frames) => frames.map((frame) => frame.reduce((sum, table) => sum + table.numRows, 0));

test('good and failed queries come side by side', async () => {
  const response = await ask([query('random_walk', 'B'), query('error_with_source', 'A')], 'application/json');
  assert.equal(response.status, 400);
  const body = await response.json();
  assert.deepEqual(checkResponse(body), []);
  assert.deepEqual(Object.keys(body.results), ['A', 'B']);
  assert.equal(body.results.B.frames.length, 1);
});

test('a crashed plugin fails the request, and answers the next one', async () => {
  const crashed = await ask([query(CRASHING)], 'application/json');
  assert.equal(crashed.status, 500);
  const { message, messageId } = await crashed.json();
  assert.deepEqual([message, messageId], ['An error occurred within the plugin', 'plugin.requestFailureError']);
  assert.equal((await ask([query('random_walk')], 'application/json')).status, 200);
});

test('the checks find what is broken', () => {
  const schema = { refId: 'A', fields: [{ name: 't', type: 'time', typeInfo: { frame: 'time.Time' } }] };
  const answer = (frame) => ({ results: { A: { status: 200, frames: [frame] } } });
  const findings = (frame) => checkResponse(answer(frame)).join();
  assert.match(findings({ schema, data: { values: [[1700000000000000000]] } }), /not milliseconds/);
  assert.match(findings({ schema, data: { values: [['2023']] } }), /a string \(2023\) where time is promised/);
  assert.match(findings({ schema, data: { values: [[1], [2]] } }), /1 fields, 2 columns/);
  assert.match(findings({ schema: { ...schema, refId: 'B' }, data: { values: [[1]] } }), /refId B/);
  assert.match(checkResponse({ results: { A: { frames: [] } } }).join(), /no status/);
});
