/** One item that breaks what reads it, and commits that fail: neither may stop a feed without a word. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { stream } from '../../../src/declare/stream.ts';
import { TidegateError } from '../../../src/base/errors.ts';
import { readDeadLetters } from '../../../src/feeds/records/dead-letters.ts';
import { pull } from '../../../src/feeds/kit/pull.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { anonymous, feedOf, items, reading, readings, stageOf, TENANT } from './stage.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const circle: Record<string, unknown> = { n: 1 };
circle['self'] = circle;
const nested = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown;

test.each([
  ['20,000 levels deep', { n: 1, x: nested(20_000) }],
  ['3,000 levels deep', { n: 1, x: nested(3_000) }],
  ['in a circle', circle],
  ['a bigint', { n: 1n }],
  ['without a text', Object.assign(Object.create(null) as object, { n: 1n })],
])('an item that is %s becomes a dead letter with its reason, and the feed goes on', async (_, poison) => {
  const all = [
    ...Array.from({ length: 8 }, (__, n) => ({ n })),
    poison,
    ...Array.from({ length: 8 }, () => ({ n: 9 })),
  ];
  for (const events of [5, 100]) {
    const feed = pull({ budget: { events }, pull: async () => ({ items: all }) });
    const streams = { s: stream({ description: 'anything', schema: z.looseObject({ n: z.any() }), feed }) };
    const stage = stageOf({ streams });
    for (let more = true; more;) {
      const report = await stage.run();
      expect(report).toMatchObject({ outcome: 'pulled', error: null });
      more = report.nextAt === stage.clock.now;
    }
    expect(await stage.events('s')).toHaveLength(16);
    const { deadLetters } = await readDeadLetters(scopeOfLogs(stage.deps, { tenant: TENANT }), 's');
    expect(deadLetters).toMatchObject([{ reason: 'schema', field: 'data', expected: expect.stringContaining('JSON') }]);
  }
});

test('what no commit has taken is not counted, and opens the breaker', async () => {
  const feed = feedOf(async function* () {
    yield { items: items(readings(0, 200)), position: 1, last: true };
  });
  const stage = stageOf({ streams: { readings: anonymous(feed) } });
  const { deps } = stage.worker(async (operations, _number, next) => {
    if (operations.some((each) => each.kind === 'append' && !each.log.endsWith('/hints')))
      throw new TidegateError('too_large', 'no');
    return next();
  });
  for (let failures = 1; failures <= 5; failures += 1) {
    const { feeds } = await ingest(deps, stage.clock.now + 60_000);
    expect(feeds[0]).toMatchObject({ outcome: 'failed', events: 0, bytes: 0, error: { code: 'too_large' } });
    expect(feeds[0]?.state).toBe(failures < 5 ? 'backing-off' : 'open');
    await stage.clock.advance((feeds[0]?.nextAt ?? 0) - stage.clock.now);
  }
  expect(await stage.run()).toMatchObject({ outcome: 'pulled', state: 'ok', events: 200 });
});

test('what was committed before a failure is counted, and starts the count of failures anew', async () => {
  const feed = feedOf(async function* ({ position }) {
    const round = (position as number | null) ?? 0;
    yield { items: items([reading(round)]), position: round + 1 };
    throw new TidegateError('upstream', 'broke');
  });
  const stage = stageOf({ streams: { readings: anonymous(feed) } });
  for (let round = 0; round < 7; round += 1) {
    const report = await stage.run();
    expect(report).toMatchObject({ outcome: 'failed', events: 1, state: 'backing-off' });
    await stage.clock.advance(report.nextAt - stage.clock.now);
  }
});
