/** Dead letters tried again after a schema was mended: each once, whoever dies or comes at the same time. */
import * as z from 'zod';
import { expect, test } from 'vitest';
import { defineApp } from '../../../src/declare/check/define-app.ts';
import { stream } from '../../../src/declare/stream.ts';
import { from } from '../../../src/feeds/from.ts';
import { replayDeadLetters, replayRefused } from '../../../src/feeds/run/replay-dead-letters.ts';
import { feedOf, type OnCommit, stageOf, TENANT } from './stage.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const strict = z.object({ n: z.number() });
const mended = z.object({ n: z.coerce.number() });
const lenient = z.object({
  n: z
    .string()
    .transform((text) => text.length)
    .pipe(z.number()),
});

/** A feed that brought these, of which the schema refused the texts; and the app as it was mended. */
async function refused(data: readonly unknown[], identified = false) {
  const feed = feedOf(async function* () {
    yield { items: data.map((datum) => ({ stream: 'numbers', data: datum, bytes: 10 })) };
  });
  const numbers = (schema: z.ZodType<{ n: number }>, from?: typeof feed) =>
    identified
      ? stream({ description: 'numbers', schema, id: ({ n }) => String(n), ...(from ? { feed: from } : {}) })
      : stream({ description: 'numbers', schema, ...(from ? { feed: from } : {}) });
  const stage = stageOf({ streams: { numbers: numbers(strict, feed) } });
  await stage.run();
  const app = defineApp({ ...stage.app.options, streams: { numbers: numbers(mended, feed) } });
  const replay = (onCommit?: OnCommit) => {
    const { deps } = stage.worker(onCommit);
    return stage.clock.drive(
      replayDeadLetters(scopeOfLogs({ ...deps, app }, { tenant: TENANT }), 'numbers', stage.clock.now + 5_000),
    );
  };
  const replayAgain = (tried: Set<string>, onCommit: OnCommit) => {
    const { deps } = stage.worker(onCommit);
    const loose = defineApp({ ...stage.app.options, streams: { numbers: numbers(lenient, feed) } });
    const scope = scopeOfLogs({ ...deps, app: loose }, { tenant: TENANT });
    return stage.clock.drive(replayRefused(scope, 'numbers', tried, stage.clock.now + 5_000));
  };
  const found = async () => (await stage.events('numbers')).map(({ data }) => (data as { n: number }).n);
  return { replay, replayAgain, found };
}

const texts = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => ({ n: String(from + i) }));

test('are appended, once in all', async () => {
  const { replay, found } = await refused([{ n: 1 }, ...texts(2, 52), { n: 'no number' }]);
  expect(await found()).toEqual([1]);
  expect(await replay()).toEqual({ replayed: 50, duplicates: 0, refused: 1, cut: 0, done: true });
  expect((await found()).length).toBe(51);
  expect(await replay()).toEqual({ replayed: 0, duplicates: 0, refused: 0, cut: 0, done: true });
});

test('have what came with them, as far as an event may, and are one letter where that alone differs', async () => {
  const metas = [
    { source: 'hall/1', traceparent: 'a' },
    { source: 'hall/2', retained: true },
    { source: 'x'.repeat(3_000) },
  ];
  const given = feedOf(async function* () {
    yield { items: metas.map((meta, n) => ({ stream: 'numbers', data: { n: String(n) }, meta, bytes: 10 })) };
  });
  const feed = { ...given, relists: true };
  const numbers = (schema: z.ZodType<{ n: number }>) => stream({ description: 'numbers', schema, feed });
  const stage = stageOf({ streams: { numbers: numbers(strict) } });
  await stage.run();
  metas[0] = { source: 'hall/1', traceparent: 'b' };
  await stage.run();
  const app = defineApp({ ...stage.app.options, streams: { numbers: numbers(mended) } });
  const scope = scopeOfLogs({ ...stage.worker().deps, app }, { tenant: TENANT });
  const report = await stage.clock.drive(replayDeadLetters(scope, 'numbers', stage.clock.now + 5_000));
  expect(report).toMatchObject({ replayed: 3, refused: 0 });
  const events = await stage.events('numbers');
  expect(events.map(({ meta }) => meta)).toEqual([
    { source: 'hall/1', traceparent: 'a' },
    { source: 'hall/2', retained: true },
    undefined,
  ]);
});

test('are known by their ids, where they have any', async () => {
  const { replay, found } = await refused([{ n: 1 }, { n: '1' }, { n: '2' }, { n: '2' }], true);
  expect(await replay()).toMatchObject({ replayed: 1, duplicates: 2 });
  expect(await found()).toEqual([1, 2]);
});

test('a process that dies at any commit neither loses nor doubles one', async () => {
  for (let fatal = 1; fatal <= 3; fatal += 1) {
    const { replay, found } = await refused(texts(0, 45));
    const dead = replay((_operations, number, next) =>
      number === fatal ? next().then(() => Promise.reject(new Error('killed'))) : next(),
    );
    await expect(dead).rejects.toThrow('killed');
    await replay();
    expect((await found()).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 45 }, (_, n) => n));
  }
});

test('refused ones are tried on for as long as that goes on, however many conflicts it meets in all', async () => {
  const { replay, replayAgain } = await refused(texts(0, 200).map((one) => ({ n: `no ${one.n}` })));
  expect(await replay()).toMatchObject({ refused: 200 });
  let conflicts = 0;
  const report = await replayAgain(new Set(), async (_operations, number, next) => {
    if (number % 2 === 0) return next();
    conflicts += 1;
    return { status: 'conflict', conflicts: [] };
  });
  expect(report).toMatchObject({ done: true, replayed: 200 });
  expect(conflicts).toBeGreaterThan(8);
});

test('two at once share them', async () => {
  const { replay, found } = await refused(texts(0, 60));
  const reports = await Promise.all([replay(), replay()]);
  expect(reports.reduce((sum, { replayed }) => sum + replayed, 0)).toBe(60);
  expect(new Set(await found()).size).toBe(60);
});

const keyed = (schema: z.ZodType<{ n: number }>) =>
  stream({ description: 'numbers', schema, feed: from<object>('plant') });

test('those whose transport gave no key are refused again where the stream is keyed by it', async () => {
  const route = { spec: z.strictObject({}), isKeyed: () => true };
  const burst = feedOf(async function* () {
    const invalid = { reason: 'level 1 of the topic cannot be a key', field: 'key', expected: '1 to 256 bytes' };
    const item = { stream: 'numbers', bytes: 10 };
    yield {
      items: [
        { ...item, data: { n: 1 }, invalid },
        { ...item, data: { n: '2' }, key: 'a' },
      ],
    };
  });
  const plant = { ...burst, route };
  const stage = stageOf({ feeds: { plant }, streams: { numbers: keyed(strict) } });
  await stage.run();
  const app = defineApp({ ...stage.app.options, streams: { numbers: keyed(mended) } });
  const scope = scopeOfLogs({ ...stage.worker().deps, app }, { tenant: TENANT });
  const end = stage.clock.now + 5_000;
  expect(await stage.clock.drive(replayDeadLetters(scope, 'plant', end))).toMatchObject({ replayed: 1, refused: 1 });
  expect(await stage.clock.drive(replayRefused(scope, 'plant', new Set(), end))).toMatchObject({ replayed: 0 });
  expect((await stage.events('numbers')).map(({ key, data }) => [key, data])).toEqual([['a', { n: 2 }]]);
});
