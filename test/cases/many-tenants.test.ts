/**
 * Scheduled work goes by what is due, and never over all tenants: what is due costs the same whose ever it is, and tenants that
 * have nothing due cost nothing. Nobody lists the tenants: one is known from its first call and its first write on.
 */
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import type { Principal } from '../../src/base/principal.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import { ingest } from '../../src/feeds/run/run.ts';
import { sweep } from '../../src/feeds/run/sweep.ts';
import { createHost } from '../../src/hosts/host.ts';
import { runScheduled } from '../../src/hosts/scheduled.ts';
import { createTestClient } from '../../src/hosts/testing/client.ts';
import { pull, stream, task } from '../../src/index.ts';
import { countCalls } from '../../src/store/counting.ts';
import { isPresent, type Reading } from '../../src/store/store.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { noteWork, tenantWorkKey } from '../../src/streams/tenant-work.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';
import { makeDueAgain } from '../../src/tasks/work/due-again.ts';
import { ADA, taskStage } from '../tasks/stage.ts';
import { waiting } from '../tasks/wait-stage.ts';
import { byDepth } from '../depth.ts';

const MANY = byDepth(2_000, 5_000, 10_000);
const MINUTE = 60_000;
const schema = z.object({ sensor: z.string(), celsius: z.number() });
const brief = task({ description: 'Ends at once', version: '1', run: async () => 'done' });

/** A server that asks who calls. */
function stageOf(tasks: Parameters<typeof taskStage>[0] = { brief, waiting }) {
  let pulls = 0;
  const feed = pull({
    everyMs: MINUTE,
    pull: async () => ({ items: [{ sensor: 'fed', celsius: (pulls += 1) }] }),
  });
  const temps = stream({
    description: 'temperatures',
    schema,
    key: 'sensor',
    tenants: 'each',
    retention: { events: 2 },
  });
  const fed = stream({ description: 'fed', schema, key: 'sensor', tenants: 'each', feed });
  const news = stream({ description: 'news of all', schema, key: 'sensor' });
  const stage = taskStage(tasks, createMemoryStore(), { streams: { temps, fed, news } });
  return { ...stage, tasks: { ...stage.tasks, isOpen: false } };
}

const dueOf = (reading: Reading) => (isPresent(reading) ? (reading.due?.at ?? 0) : 0);
const of = (tenant: string): Principal => ({ ...ADA, tenant });

test(`${MANY} due tasks cost the same calls, of one tenant and of ${MANY}`, { timeout: 120_000 }, async () => {
  const costs: unknown[] = [];
  for (const tenants of [1, MANY]) {
    const stage = stageOf();
    for (let n = 0; n < MANY; n += 1) await stage.begin('brief', {}, { principal: of(`t${n % tenants}`) });
    const counted = countCalls(stage.store);
    let ended = 0;
    for (let rounds = 0; ended < MANY && rounds < 1_000; rounds += 1) {
      ended += (await stage.work({}, { ...stage.tasks, store: counted.store })).ended;
    }
    expect(ended).toBe(MANY);
    costs.push(counted.calls());
  }
  expect(costs[1]).toEqual(costs[0]);
});

test(
  `a run with nothing due costs the same few calls, with one tenant and with ${MANY}`,
  { timeout: 60_000 },
  async () => {
    const costs: unknown[] = [];
    for (const tenants of [1, MANY]) {
      const stage = stageOf();
      for (let n = 0; n < tenants; n += 1) {
        const scope = scopeOfLogs(stage.tasks, { tenant: `t${n}` });
        await noteWork(scope, ['sweep', 'feed/fed', 'waits/temps'], { withinMs: 60 * MINUTE });
      }
      // What is shared is swept once for all.
      await stage.clock.drive(runScheduled(stage.tasks, stage.clock.now + MINUTE));
      stage.clock.now += MINUTE;
      const counted = countCalls(stage.store);
      const deps = { ...stage.tasks, store: counted.store };
      const report = await stage.clock.drive(runScheduled(deps, stage.clock.now + MINUTE));
      expect(report).toMatchObject({ events: 0, more: false, error: null });
      expect(counted.total()).toBeLessThan(20);
      costs.push(counted.calls());
    }
    expect(costs[1]).toEqual(costs[0]);
  },
);

test(`of ${MANY} tenants those are worked on whose work is due`, { timeout: 60_000 }, async () => {
  const stage = stageOf();
  for (let n = 0; n < MANY; n += 1) {
    const withinMs = n % 1_000 === 0 ? MINUTE : 600 * MINUTE;
    await noteWork(scopeOfLogs(stage.tasks, { tenant: `t${n}` }), ['feed/fed'], { withinMs });
  }
  stage.clock.now += 2 * MINUTE;
  const counted = countCalls(stage.store);
  const { feeds, nextAt } = await ingest({ ...stage.tasks, store: counted.store }, stage.clock.now + MINUTE);
  expect(feeds.map(({ outcome, events }) => [outcome, events])).toEqual(
    Array.from({ length: MANY / 1_000 }, () => ['pulled', 1]),
  );
  expect(nextAt).toBeGreaterThan(stage.clock.now);
  expect(counted.total()).toBeLessThan(200);
  expect((await ingest(stage.tasks, stage.clock.now + MINUTE)).feeds).toEqual([]);
  stage.clock.now += 2 * MINUTE;
  expect((await ingest(stage.tasks, stage.clock.now + MINUTE)).feeds).toHaveLength(MANY / 1_000);
});

test('work that a clock which was ahead has put off is due again once that was set right', async () => {
  const stage = stageOf();
  for (const tenant of ['acme', 'globex']) {
    const ahead = scopeOfLogs(stage.tasks, { tenant });
    await noteWork(ahead, ['sweep', 'feed/fed', 'waits/temps'], { withinMs: 900 * 24 * 60 * MINUTE });
  }
  expect((await ingest(stage.tasks, stage.clock.now + MINUTE)).feeds).toEqual([]);
  expect(await makeDueAgain(stage.tasks, stage.clock.now + MINUTE)).toEqual({ made: 6, more: false });
  expect((await ingest(stage.tasks, stage.clock.now + MINUTE)).feeds).toMatchObject([{ events: 1 }, { events: 1 }]);
});

test('a tenant that writes is swept within a minute, once for what it wrote, and again a day later', async () => {
  const stage = stageOf();
  const streams = createAppStreams(stage.tasks, of('acme'));
  const kept = async () => (await streams.last('temps', 10)).events.length;
  const write = async (count: number) => {
    for (let n = 0; n < count; n += 1) await streams.append('temps', { sensor: 'a', celsius: n });
  };
  const run = () => stage.clock.drive(sweep(stage.tasks, stage.clock.now + MINUTE));
  await write(5);
  await run();
  expect(await kept()).toBe(5);
  stage.clock.now += MINUTE + 1;
  await run();
  expect(await kept()).toBe(2);
  const due = async () => dueOf(await stage.store.get(tenantWorkKey('acme', 'sweep'), stage.clock.now));
  expect((await due()) - stage.clock.now).toBeGreaterThan(20 * 60 * MINUTE);
  await write(5);
  expect((await due()) - stage.clock.now).toBe(MINUTE);
  stage.clock.now += MINUTE + 1;
  await run();
  expect(await kept()).toBe(2);
});

test('a wait on a stream that each tenant has ends by the schedule alone, and leaves nothing due', async () => {
  const stage = stageOf();
  const condition = { kind: 'threshold', field: 'celsius', above: 30 };
  const declared: string[] = [];
  for (const tenant of ['acme', 'globex']) {
    declared.push(await stage.begin('waiting', { condition }, { principal: of(tenant) }));
  }
  await stage.work();
  await createAppStreams(stage.tasks, of('globex')).append('temps', { sensor: 'a', celsius: 35 });
  const run = async () => {
    stage.clock.now += MINUTE;
    return stage.clock.drive(runScheduled(stage.tasks, stage.clock.now + MINUTE));
  };
  await run();
  const status = async (at: number, tenant: string) => (await stage.get(declared[at] ?? '', of(tenant))).status;
  expect([await status(0, 'acme'), await status(1, 'globex')]).toEqual(['working', 'completed']);
  for (let n = 0; n < 3; n += 1) await run();
  const works = async (tenant: string) =>
    (await stage.store.list(`${tenant}/tenant-work`, { now: stage.clock.now, limit: 10 })).records.map(({ id }) => id);
  expect(await works('globex')).not.toContain('waits/temps');
  expect(await works('acme')).toContain('waits/temps');
});

test('the feed of a stream that each tenant has begins to run for a tenant when it first calls', async () => {
  const stage = stageOf({ brief });
  let tenant = 'acme';
  const host = createHost({ ...stage.tasks, authenticate: () => of(tenant) });
  onTestFinished(() => host.close());
  const client = createTestClient(async (request) => {
    const response = await host.fetch(request);
    return { status: response.status, text: await response.text() };
  });
  const newest = async () =>
    JSON.stringify(await client.request('tools/call', { name: 'read_latest', arguments: { stream: 'fed' } }));
  await stage.clock.drive(host.scheduled(stage.clock.now + MINUTE));
  expect(await newest()).not.toContain('celsius');
  await stage.clock.drive(host.scheduled(stage.clock.now + MINUTE));
  expect(await newest()).toContain('celsius');
  tenant = 'globex';
  expect(await newest()).not.toContain('celsius');
  await stage.clock.drive(host.scheduled(stage.clock.now + MINUTE));
  expect(await newest()).toContain('celsius');
});
