/** Of streams of each tenant, feeds and the sweep go over every tenant, and each has its own state, log and lease. */
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { expect, test } from 'vitest';
import { ingest } from '../../../src/feeds/run/run.ts';
import { feedStatus } from '../../../src/feeds/records/status.ts';
import { sweep } from '../../../src/feeds/run/sweep.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { feedOf, identified, items, readings, stageOf } from './stage.ts';

const TENANTS = ['acme', 'globex'];

function twoTenants() {
  const feed = feedOf(async function* () {
    yield { items: items(readings(0, 8)), last: true };
  });
  const declared = identified(feed);
  declared.options.retention = { events: 5 };
  declared.options.dedupe = 5;
  declared.options.tenants = 'each';
  const stage = stageOf({ streams: { readings: declared } });
  const deps = { ...stage.deps, tenants: () => TENANTS };
  const count = async (tenant: string) =>
    (await stage.store.read(streamLog(tenant, 'readings'), null, 100)).entries.length;
  return { stage, deps, count };
}

test('ingest pulls the feeds of each tenant, and of one alone where it is told which', async () => {
  const { stage, deps, count } = twoTenants();
  const { feeds } = await ingest(deps, stage.clock.now + 60_000, { tenant: 'globex' });
  expect(feeds).toMatchObject([{ outcome: 'pulled', events: 8 }]);
  expect(await Promise.all(TENANTS.map(count))).toEqual([0, 8]);
  const next = await ingest(deps, stage.clock.now + 60_000);
  expect(next.feeds).toMatchObject([{ outcome: 'pulled', events: 8 }, { outcome: 'waiting' }]);
  expect(await Promise.all(TENANTS.map(count))).toEqual([8, 8]);
  expect(await count('public')).toBe(0);
  for (const tenant of TENANTS)
    expect(await feedStatus(scopeOfLogs(deps, { tenant }))).toMatchObject([{ state: 'ok' }]);
});

test('the sweep ends what retention ends for each tenant, and reports the sum', async () => {
  const { stage, deps, count } = twoTenants();
  await ingest(deps, stage.clock.now + 60_000);
  const report = await sweep(deps, stage.clock.now + 60_000);
  expect(report).toMatchObject({ events: { readings: 6 }, more: false, error: null });
  expect(await Promise.all(TENANTS.map(count))).toEqual([5, 5]);
});

test('tenants that cannot be told leave the sweep undone, and say why', async () => {
  const { stage, deps } = twoTenants();
  const broken = { ...deps, tenants: () => Promise.reject(new Error('gone')) };
  expect(await sweep(broken, stage.clock.now + 60_000)).toMatchObject({ more: true, error: { code: 'internal' } });
});
