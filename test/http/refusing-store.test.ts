/** What callers and the operator see while the store refuses: its disk is full, or another process holds its lock. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { defineApp, stream, TidegateError } from '../../src/index.ts';
import { createSqliteStore } from '../../src/store/sqlite/store.ts';
import { serveApp } from '../mcp/served.ts';
import { mountSmallDisk, noSmallDisk } from '../store/small-disk.ts';

const app = defineApp({
  name: 'pushed',
  version: '1',
  description: 'Takes pushes',
  streams: {
    files: stream({ description: 'Files', schema: z.object({ path: z.string(), pad: z.string() }), key: 'path' }),
  },
});
const TOKEN = 'a-token-of-the-tests';

async function serveFrom(folder: string) {
  const path = join(folder, 'store.db');
  const store = createSqliteStore({ path });
  onTestFinished(() => store.close());
  const served = await serveApp(app, {
    builtIns: true,
    store,
    http: { pushTokens: new Map([['files', TOKEN]]) },
  });
  onTestFinished(() => served.close());
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${TOKEN}` };
  return {
    path,
    lines: () => served.logged.map((line) => JSON.stringify(line)),
    served,
    push: (name: string, pad = '') =>
      fetch(`${served.url}/ingest/files`, { method: 'POST', headers, body: JSON.stringify({ path: name, pad }) }),
    probe: () => fetch(`${served.url}/readyz`),
  };
}

test.skipIf(noSmallDisk !== null)(`a full disk is 503 store_full at once (${noSmallDisk ?? 'tmpfs'})`, async () => {
  const disk = mountSmallDisk(40 * 1_048_576);
  onTestFinished(() => disk.remove());
  const { path, lines, served, push, probe } = await serveFrom(disk.folder);
  expect((await push('a')).status).toBe(200);

  disk.fill();
  const startedAt = performance.now();
  const statuses: number[] = [];
  // Small writes may still fit into what SQLite has taken before.
  while (statuses.at(-1) !== 503 && statuses.length < 1_000)
    statuses.push((await push('b', 'x'.repeat(20_000))).status);
  const refused = await push('b', 'x'.repeat(20_000));
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '10']);
  expect(await refused.json()).toEqual({ title: 'The store has no room', status: 503, code: 'store_full' });
  const ready = await probe();
  expect([ready.status, await ready.json()]).toMatchObject([503, { code: 'store_full', part: 'store' }]);
  for (const said of ['push: ', 'not ready: ']) {
    expect(
      lines()
        .filter((line) => line.includes(said))
        .join(),
    ).toMatch(new RegExp(`error.*${path}.*full`));
  }
  expect(lines().join()).toContain('make room');
  const call = { name: 'read_latest', arguments: { stream: 'files' } };
  expect((await served.call('tools/call', call)).status).toBe(200);

  disk.free();
  await expect.poll(async () => (await probe()).status, { timeout: 5_000 }).toBe(200);
  expect((await push('b')).status).toBe(200);
});

test('while another process writes, everything else is answered, and pushes are taken afterwards', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-locked-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { path, served, push } = await serveFrom(folder);
  expect((await push('a')).status).toBe(200);
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  const pushes = ['b', 'c', 'd'].map((name) => push(name));
  const call = { name: 'read_latest', arguments: { stream: 'files' } };
  for (let time = 0; time < 5; time += 1) {
    const startedAt = performance.now();
    expect((await fetch(`${served.url}/healthz`)).status).toBe(200);
    expect((await served.call('tools/call', call)).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  }
  other.exec('ROLLBACK');
  other.close();
  for (const answer of await Promise.all(pushes)) expect(answer.status).toBe(200);
});

test('an outage of the store is told once, with how many requests met it, and other errors each time', async () => {
  let now = Date.UTC(2026, 10, 29, 12);
  let code: 'store_unavailable' | 'internal' = 'store_unavailable';
  const served = await serveApp(app, {
    now: () => now,
    http: {
      mount: (http) => {
        http.get('/meets-it', () => Promise.reject(new TidegateError(code, 'it is gone')));
      },
    },
  });
  onTestFinished(() => served.close());
  const meet = async (times: number) => {
    for (let n = 0; n < times; n += 1) await fetch(`${served.url}/meets-it`);
    return served.logged.splice(0).filter(({ message }) => message === 'HTTP: it is gone');
  };
  expect(await meet(50)).toHaveLength(1);
  now += 60_000;
  expect(await meet(2)).toMatchObject([{ fields: { code, refusedMeanwhile: 49 } }]);
  code = 'internal';
  expect(await meet(2)).toHaveLength(2);
});
