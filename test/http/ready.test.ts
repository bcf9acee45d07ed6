/** What `/readyz` finds out, and how seldom it asks. */
import { expect, test, vi } from 'vitest';
import { TidegateError } from '../../src/base/errors.ts';
import { createReadiness, READY_ANSWER_MS } from '../../src/http/ready.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { StoreFinding, Store } from '../../src/store/store.ts';

function stage(more: Partial<Store> = {}) {
  const store: Store = { ...createMemoryStore({}), ...more };
  const lines: string[] = [];
  let time = 1_000;
  const ready = createReadiness({
    log: (level, message) => void lines.push(`${level} ${message}`),
    now: () => time,
    sleep: (_, signal) => new Promise((resolve) => signal?.addEventListener('abort', () => resolve())),
  });
  return { store, lines, probe: () => ready(store), pass: (ms: number) => (time += ms) };
}

test('a store that reads and does not write is not ready: the code says why', async () => {
  const full = new TidegateError('store_full', 'no room in /data/store.db', {
    retryAfterMs: 10_000,
    hint: 'make room',
  });
  const { probe, lines } = stage({ add: () => Promise.reject(full) });
  const answer = await probe();
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '10']);
  const body = await answer.json();
  expect(body).toMatchObject({ title: 'The store has no room', code: 'store_full', part: 'store', store: 'memory' });
  expect(JSON.stringify(body)).not.toContain('/data');
  expect(lines).toEqual(['error not ready: no room in /data/store.db']);
});

test('probes share a check, and an answer stands for seconds', async () => {
  const memory = createMemoryStore({});
  const add = vi.fn((...args: Parameters<Store['add']>) => memory.add(...args));
  const { probe, pass } = stage({ add });
  const answers = await Promise.all(Array.from({ length: 20 }, probe));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  pass(READY_ANSWER_MS.ready - 1);
  await probe();
  expect(add).toHaveBeenCalledTimes(1);
  pass(1);
  await Promise.all([probe(), probe()]);
  expect(add).toHaveBeenCalledTimes(2);
});

test('a store that is well again is ready after a second, and one that broke is not for longer than three', async () => {
  let broken = true;
  const ping = () => (broken ? Promise.reject(new Error('gone')) : Promise.resolve());
  const { probe, pass } = stage({ ping });
  expect((await probe()).status).toBe(503);
  broken = false;
  expect((await probe()).status).toBe(503);
  pass(READY_ANSWER_MS.notReady);
  expect((await probe()).status).toBe(200);
  broken = true;
  pass(READY_ANSWER_MS.ready);
  expect((await probe()).status).toBe(503);
});

test('what does not stop the store does not make it unready; a check that never ends keeps nobody for ever', async () => {
  const warning: StoreFinding = { error: new TidegateError('store_damaged', 'a hole'), stops: false };
  expect((await stage({ findings: () => Promise.resolve([warning]) }).probe()).status).toBe(200);

  let hangs = true;
  const { probe, pass } = stage({ ping: () => (hangs ? new Promise(() => {}) : Promise.resolve()) });
  void probe();
  hangs = false;
  pass(2_000);
  expect((await probe()).status).toBe(200);
});
