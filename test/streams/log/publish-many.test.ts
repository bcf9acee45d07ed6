import { describe, expect, test } from 'vitest';
import { openStore, readConfig } from '../../../src/store/drivers/open.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { lookAtClock } from '../../../src/store/clock-seen.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { stream } from '../../../src/declare/stream.ts';
import { fenceKey } from '../../../src/streams/log/append.ts';
import { readLatest } from '../../../src/streams/log/read-latest.ts';
import { pushedKey } from '../../../src/streams/log/publish-many.ts';
import { type Once, publishMany } from '../../../src/streams/log/publish-many.ts';
import {
  anonymous,
  identified,
  Reading,
  reading,
  readings,
  type Stage,
  stageOf,
  TENANT,
} from '../../feeds/run/stage.ts';
import { requireService } from '../../services/available.ts';
import { seededRandom } from '../../../src/store/contract/seeded.ts';
import { ENGINES, startEngine } from '../../services/engine.ts';
import { weaken } from '../../store/weaknesses.ts';
import { PUBLIC } from '../../../src/base/principal.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const DAY_MS = 86_400_000;

const once = (key: string, fingerprint = 'f'): Once => ({
  record: pushedKey({ ...PUBLIC, tenant: TENANT }, 'readings', key),
  fingerprint,
  keptMs: DAY_MS,
});

function pushTo(stage: Stage, data: readonly unknown[], key: Once | null = null, deps = stage.deps) {
  const stream = stage.app.streams.get('readings');
  if (!stream) throw new Error('no stream');
  const raws = data.map((each, index) => ({ data: each, place: `body[${index}]` }));
  return publishMany(scopeOfLogs(deps, { tenant: TENANT }), stream, raws, {
    once: key,
    deadline: deps.runtime.now() + 5_000,
  });
}

const values = async (stage: Stage) => (await stage.events()).map(({ data }) => (data as { value: number }).value);

describe('a push', () => {
  test('that comes again while the clock is days ahead for a while is not stored again', async () => {
    const stage = stageOf({ streams: { readings: anonymous() } });
    await lookAtClock(stage.deps, stage.clock.now + 10_000);
    await pushTo(stage, readings(0, 3), once('k'));
    stage.clock.now += 2 * DAY_MS;
    expect(await pushTo(stage, readings(0, 3), once('k'))).toEqual({ appended: 3, duplicates: 0 });
    stage.clock.now -= 2 * DAY_MS;
    expect(await pushTo(stage, readings(0, 3), once('k'))).toEqual({ appended: 3, duplicates: 0 });
    expect(await values(stage)).toHaveLength(3);
  });

  test('is stored as a whole, in order, and shown as the latest', async () => {
    const stage = stageOf({ streams: { readings: anonymous() } });
    expect(await pushTo(stage, readings(0, 3))).toEqual({ appended: 3, duplicates: 0 });
    expect(await values(stage)).toEqual(readings(0, 3).map(({ value }) => value));
    expect(await readLatest(scopeOfLogs(stage.deps, { tenant: TENANT }), 'readings', 's0')).toMatchObject({
      data: reading(2, 's0'),
    });
  });

  test('with one wrong event stores nothing, and says which it is', async () => {
    const stage = stageOf({ streams: { readings: anonymous() } });
    const wrong = { code: 'invalid_input', field: 'body[1].value' };
    await expect(pushTo(stage, [reading(0), { ...reading(1), value: 'x' }])).rejects.toMatchObject(wrong);
    expect(await stage.events()).toEqual([]);
  });

  test('that is more than a commit of the engine holds is refused in words that say what to do', async () => {
    const limits = { commitOperations: 90, commitBytes: 20_000 };
    const stage = stageOf({ streams: { readings: anonymous() } }, createMemoryStore({ limits }));
    const refused = { code: 'too_large', field: 'events', hint: 'send them in parts' };
    await expect(pushTo(stage, readings(0, 200))).rejects.toMatchObject(refused);
    expect(await stage.events()).toEqual([]);
    // As much as is said to be taken is taken, with all that stands beside it.
    const key = once('k'.repeat(256));
    const sizes = { appended: 135, duplicates: 0 };
    expect(await pushTo(stage, readings(0, 135), key)).toEqual(sizes);
  });

  test('leaves out what has come before, in the stream and in itself', async () => {
    const stage = stageOf({ streams: { readings: identified() } });
    await pushTo(stage, readings(0, 2));
    const push = await pushTo(stage, [reading(1), reading(2), reading(2), reading(3)]);
    expect(push).toEqual({ appended: 2, duplicates: 2 });
    expect(await values(stage)).toEqual(readings(0, 4).map(({ value }) => value));
    expect(await pushTo(stage, readings(0, 4))).toEqual({ appended: 0, duplicates: 4 });
  });
});

describe('a push under a key', () => {
  test('counts once for a day, and answers the same', async () => {
    const stage = stageOf({ streams: { readings: anonymous() } });
    for (let time = 0; time < 3; time += 1) {
      expect(await pushTo(stage, readings(0, 2), once('k'))).toEqual({ appended: 2, duplicates: 0 });
    }
    expect(await stage.events()).toHaveLength(2);
    stage.clock.now += DAY_MS + 1;
    await pushTo(stage, readings(0, 2), once('k'));
    expect(await stage.events()).toHaveLength(4);
  });

  test('with other events is refused', async () => {
    const stage = stageOf({ streams: { readings: anonymous() } });
    await pushTo(stage, readings(0, 2), once('k'));
    const refused = { code: 'invalid_input', field: 'Idempotency-Key' };
    await expect(pushTo(stage, readings(0, 2), once('k', 'other'))).rejects.toMatchObject(refused);
  });

  test.each([
    ['anonymous', anonymous()],
    ['identified', identified()],
  ])('that comes to ten instances at once counts once: %s', async (_, stream) => {
    const stage = stageOf({ streams: { readings: stream } });
    const pushes = await Promise.all(
      Array.from({ length: 10 }, () => pushTo(stage, readings(0, 5), once('k'), stage.worker().deps)),
    );
    expect(new Set(pushes.map(({ appended }) => appended))).toEqual(new Set([5]));
    expect(await stage.events()).toHaveLength(5);
  });

  test('whose answer was lost is not doubled by the one that follows', async () => {
    const stage = stageOf({ streams: { readings: anonymous() } });
    const { deps } = stage.worker(async (_operations, _number, next) => {
      await next();
      throw new Error('the process was killed');
    });
    await expect(pushTo(stage, readings(0, 5), once('k'), deps)).rejects.toThrow('killed');
    expect(await pushTo(stage, readings(0, 5), once('k'))).toEqual({ appended: 5, duplicates: 0 });
    expect(await stage.events()).toHaveLength(5);
  });

  test('is true where commits are unknown and reads are late', async () => {
    const weak = weaken(createMemoryStore(), { random: seededRandom(7), unknown: 0.5, halfVisible: true });
    const stage = stageOf({ streams: { readings: identified() } }, weak);
    const deps = { ...stage.deps, runtime: { ...stage.deps.runtime, sleep: () => Promise.resolve() } };
    for (let n = 0; n < 20; n += 1) await pushTo(stage, readings(n, n + 5), once(`k${n}`), deps);
    expect(await values(stage)).toEqual(readings(0, 24).map(({ value }) => value));
  });
});

const small = () =>
  stream({ description: 'r', schema: Reading, key: 'sensor', time: 'at', id: (event) => event.id ?? '', dedupe: 2 });

describe('a push to a stream that remembers fewer events than it brings', () => {
  test('leaves out what comes twice within it', async () => {
    const stage = stageOf({ streams: { readings: small() } });
    const data = [reading(0), reading(1), reading(2), reading(0)];
    expect(await pushTo(stage, data)).toEqual({ appended: 3, duplicates: 1 });
  });

  test('leaves out what the stream had when it came', async () => {
    const stage = stageOf({ streams: { readings: small() } });
    await pushTo(stage, [reading(0), reading(1)]);
    expect(await pushTo(stage, [reading(2), reading(3), reading(0)])).toEqual({ appended: 2, duplicates: 1 });
  });
});

test('a repeated push does what the first one was killed before: latest events and a hint to followers', async () => {
  const stage = stageOf({ streams: { readings: anonymous() } });
  let commits = 0;
  const { deps } = stage.worker(async (_operations, _number, next) => {
    commits += 1;
    if (commits > 1) throw new Error('the process was killed');
    return next();
  });
  const latest = () => readLatest(scopeOfLogs(stage.deps, { tenant: TENANT }), 'readings', 's0');
  // A failure behind the append is logged, and the push is acknowledged.
  expect(await pushTo(stage, [reading(1, 's0')], once('k'), deps)).toEqual({ appended: 1, duplicates: 0 });
  expect(await latest()).toBeNull();
  const changed: string[] = [];
  const again = { ...stage.deps, changed: (_tenant: string, name: string) => changed.push(name) };
  expect(await pushTo(stage, [reading(1, 's0')], once('k'), again)).toEqual({ appended: 1, duplicates: 0 });
  expect(await latest()).toMatchObject({ data: reading(1, 's0') });
  expect(changed).toEqual(['readings']);
});

test('a fence of a newer release is left alone, and nothing is appended', async () => {
  const stage = stageOf({ streams: { readings: identified() } });
  const value = { $v: 2, value: { id: 'x' } };
  const put = { kind: 'put' as const, ...fenceKey(TENANT, 'readings'), value, expects: null };
  const { now } = stage.clock;
  await stage.store.commit([put], { id: 'newer', now, deadline: now + 1_000 });
  await expect(pushTo(stage, [reading(1)])).rejects.toMatchObject({ code: 'newer_version' });
  expect(await stage.store.get(fenceKey(TENANT, 'readings'), now)).toMatchObject({ value });
  expect(await stage.events()).toEqual([]);
});

const servers = requireService('redis') && requireService('dynamodb');

describe.skipIf(!servers)('the largest push (needs redis-server and java)', () => {
  test.each(ENGINES)('fits into one commit: %s', async (engine) => {
    const { environment, stop } = await startEngine(engine);
    try {
      const stage = stageOf({ streams: { readings: identified() } });
      const runtime = systemRuntime(() => {});
      const store = await openStore(readConfig(environment, 'sqlite'), runtime, 'push');
      const data = Array.from({ length: 1_000 }, (_, n) => ({ ...reading(n), sensor: 's'.repeat(100) }));
      const deps = { ...stage.deps, runtime, store };
      const push = (key: Once | null) => pushTo(stage, data, key, deps);
      expect(await push(once('k'))).toEqual({ appended: 1_000, duplicates: 0 });
      expect(await push(once('k'))).toEqual({ appended: 1_000, duplicates: 0 });
      expect(await push(null)).toEqual({ appended: 0, duplicates: 1_000 });
      await store.close();
    } finally {
      await stop();
    }
  });
});
