/** Dead letters that stand, as a metric: it falls when they are replayed or trimmed, and rises with those that come. */
import * as z from 'zod';
import { expect, test } from 'vitest';
import { defineApp } from '../../../src/declare/check/define-app.ts';
import { stream } from '../../../src/declare/stream.ts';
import { deadLetterLog } from '../../../src/feeds/records/dead-letters.ts';
import { replayDeadLetters, replayRefused } from '../../../src/feeds/run/replay-dead-letters.ts';
import { storedFamilies } from '../../../src/http/observe/stored-families.ts';
import { countCalls } from '../../../src/store/counting.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { feedOf, stageOf, TENANT } from '../../feeds/run/stage.ts';

const of = (value: number) => [{ labels: { feed: 'numbers' }, value }];

test('letters stand until they are replayed or trimmed, and those that are refused again stand on', async () => {
  const brought = [{ n: 1 }, ...Array.from({ length: 30 }, (_, n) => ({ n: String(n + 2) })), { n: 'no number' }];
  const feed = feedOf(async function* () {
    yield { items: brought.map((data) => ({ stream: 'numbers', data, bytes: 10 })) };
  });
  const numbers = (n: z.ZodType<number>) => stream({ description: 'numbers', schema: z.object({ n }), feed });
  const stage = stageOf({ streams: { numbers: numbers(z.number()) } });
  const { store } = stage.deps;
  const standing = async () => {
    const family = (await storedFamilies(stage.deps)).find(
      ({ name }) => name === 'tidegate_feed_dead_letters_standing',
    );
    return family?.samples;
  };
  expect(await standing()).toEqual(of(0));
  await stage.run();
  expect(await standing()).toEqual(of(31));
  const counted = countCalls(store);
  await storedFamilies({ ...stage.deps, store: counted.store });
  expect(counted.calls()).toMatchObject({ last: 1, getMany: 2 });

  const deadline = () => stage.clock.now + 5_000;
  const scopeWith = (n: z.ZodType<number>) => {
    const app = defineApp({ ...stage.app.options, streams: { numbers: numbers(n) } });
    return scopeOfLogs({ ...stage.deps, app }, { tenant: TENANT });
  };
  await stage.clock.drive(replayDeadLetters(scopeWith(z.coerce.number()), 'numbers', deadline()));
  expect(await standing()).toEqual(of(1));
  await stage.clock.drive(replayRefused(scopeWith(z.any()), 'numbers', new Set(), deadline()));
  expect(await standing()).toEqual(of(0));

  stage.clock.now += 600_000;
  await stage.run();
  expect(await standing()).toEqual(of(31));
  await store.trim(deadLetterLog(TENANT, 'numbers'), { now: stage.clock.now, keep: 5, limit: 1_000 });
  expect(await standing()).toEqual(of(5));
});

test('one that was refused again and is trimmed stands no more', async () => {
  const feed = feedOf(async function* () {
    yield { items: ['a', 'b', 'c'].map((n) => ({ stream: 'numbers', data: { n }, bytes: 10 })) };
  });
  const stage = stageOf({
    streams: { numbers: stream({ description: 'n', schema: z.object({ n: z.number() }), feed }) },
  });
  await stage.run();
  const scope = scopeOfLogs(stage.deps, { tenant: TENANT });
  const standing = async () =>
    (await storedFamilies(stage.deps)).find(({ name }) => name === 'tidegate_feed_dead_letters_standing')?.samples[0];
  await stage.clock.drive(replayDeadLetters(scope, 'numbers', stage.clock.now + 5_000));
  expect(await standing()).toMatchObject({ value: 3 });
  await stage.deps.store.trim(deadLetterLog(TENANT, 'numbers'), { now: stage.clock.now, keep: 1, limit: 1_000 });
  expect(await standing()).toMatchObject({ value: 1 });
});
