/** When entries are written: at once, together where many come, and apart where each request does its own work. */
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createAuditLog } from '../../../src/auth/audit/log.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { withAudit } from '../../../src/hosts/audit.ts';
import type { HostOptions } from '../../../src/hosts/http-host.ts';
import { countCalls } from '../../../src/store/counting.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { ada, app } from './stage.ts';

test('no entry waits for more than its own commit and 20 ms: neither behind one that is slow, nor in a flood', async () => {
  const inner = createMemoryStore();
  const sizes: number[] = [];
  const waiting: (() => void)[] = [];
  const commit: Store['commit'] = async (...given) => {
    for (const each of given[0]) if (each.kind === 'append') sizes.push(each.entries.length);
    if (isSlow) await new Promise<void>((resolve) => waiting.push(resolve));
    return inner.commit(...given);
  };
  let isSlow = false;
  const slept: [ms: number, wake: () => void][] = [];
  const sleep = (ms: number) => new Promise<void>((wake) => void slept.push([ms, wake]));
  const runtime = { ...systemRuntime(() => {}), sleep };
  const streams = { done: 'audit', failed: 'audit_failed' };
  const log = createAuditLog({ store: { ...inner, commit }, runtime }, { streams });
  const principal = { tenant: 'acme', subject: 'ada', client: null, scopes: [] };
  const note = () => log.note(principal, { action: 'call', target: 'a' });
  await note();
  isSlow = true;
  sizes.length = 0;
  const all = [note(), note(), note()];
  await setImmediate();
  expect(sizes).toEqual([1]);
  // The first has no answer yet. After 20 ms those that came meanwhile are written beside it, in one commit.
  for (const [ms, wake] of slept.splice(0)) {
    expect(ms).toBe(20);
    wake();
  }
  await setImmediate();
  expect(sizes).toEqual([1, 2]);
  // A flood: each hundred is written at once, behind nobody.
  all.push(...Array.from({ length: 250 }, note));
  await setImmediate();
  expect(sizes).toEqual([1, 2, 100, 100]);
  for (const [, wake] of slept.splice(0)) wake();
  await setImmediate();
  expect(sizes).toEqual([1, 2, 100, 100, 50]);
  for (const go of waiting) go();
  await Promise.all(all);
});

test.each<[object, number]>([
  [{ auditApart: true }, 3],
  [{ outlivesClients: false }, 3],
  [{}, 2],
])('where each request does its own work, entries are written apart (%o)', async (platform, commits) => {
  const counted = countCalls(createMemoryStore());
  const runtime = systemRuntime(() => {});
  const options: HostOptions = { app, store: counted.store, runtime, authenticate: () => ada, ...platform };
  const { audit } = withAudit(options);
  const note = async () => audit?.note(ada, { action: 'call', target: 'a' });
  // The first says beside it that there is work for the tenant.
  await note();
  counted.reset();
  await Promise.all([1, 2, 3].map(note));
  expect(counted.calls().commit).toBe(commits);
});
