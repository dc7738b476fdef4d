// A `wellhead serve` of the test's own: on a free port, with the plugins that `make` built, ended by its process id.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const target = process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL('../../target', import.meta.url));

const PASSWORD = 'a-password-of-the-tests';

/** What the requests of its admin say. */
export const AS_ADMIN = { Authorization: `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}` };

/** Starts a server on the embedded default, and waits for the line in which it says that it answers. */
export async function startServer() {
  const data = mkdtempSync(join(tmpdir(), 'wellhead-decode-'));
  const args = ['serve', '--listen', '127.0.0.1:0', '--data', data, '--plugins', join(target, 'plugins'), '--log-level', 'off'];
  const env = { ...process.env, WELLHEAD_ADMIN_PASSWORD: PASSWORD };
  const child = spawn(join(target, 'release', 'wellhead'), args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
  const said = await Promise.race([readyLine(child.stdout), ended.then((why) => `ended: ${why}`)]);
  const url = /http:\S+/.exec(said)?.[0];
  if (!url) throw new Error(`the server did not start: ${said} (is it built? make build)`);
  const stop = async () => {
    child.kill('SIGTERM');
    const code = await ended;
    rmSync(data, { recursive: true });
    return code;
  };
  return { url, stop };
}

async function readyLine(stream) {
  for await (const line of createInterface({ input: stream })) {
    if (line.startsWith('wellhead is ready')) return line;
  }
  return 'nothing';
}
