import { describe, expect, test } from 'vitest';
import { createGapFold } from '../../../src/feeds/records/gap-fold.ts';
import { feedStatus } from '../../../src/feeds/records/status.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { anonymous, feedOf, items, reading, stageOf, TENANT } from '../run/stage.ts';

const gap = (reason: string, detail?: string, stream = 'readings') => ({
  stream,
  data: null,
  bytes: 0,
  meta: { gap: { reason, ...(detail === undefined ? {} : { detail }) } },
});

async function* brings(numbers: readonly number[]) {
  yield { items: items(numbers.map((n) => reading(n))), last: true };
}

/** A feed whose bursts bring what the test lists, one after another, and fail where it says so. */
function bringing(bursts: { items: (ReturnType<typeof gap> | number)[]; fails?: boolean }[]) {
  const left = [...bursts];
  const feed = feedOf(async function* () {
    const burst = left.shift() ?? { items: [] };
    const made = burst.items.map((item) => (typeof item === 'number' ? items([reading(item)])[0]! : item));
    yield { items: made };
    if (burst.fails) throw new Error('it broke');
  });
  const stage = stageOf({ streams: { readings: anonymous(feed) } });
  return {
    stage,
    run: async () => {
      for (const _ of bursts) {
        await stage.run();
        await stage.clock.advance(600_000);
      }
      const events = await stage.events();
      return events.map(({ data, meta }) => meta?.gap ?? (data as { value: number }).value);
    },
  };
}

describe('gaps that are repeated', () => {
  test('are one until an event arrives, and the last is told before it with their beginning', async () => {
    const { run } = bringing([
      { items: [1, gap('away', 'a')], fails: true },
      { items: [gap('away', 'b')], fails: true },
      { items: [gap('away', 'c')], fails: true },
      { items: [gap('away', 'd'), 2, gap('away', 'e')] },
    ]);
    expect(await run()).toEqual([
      1,
      { reason: 'away', detail: 'a' },
      {
        reason: 'away',
        detail: expect.stringMatching(/^d; the last of such gaps since 2026-11-20T12:00:00/) as string,
      },
      2,
      { reason: 'away', detail: 'e' },
    ]);
  });

  test('for another reason are told', async () => {
    const { run } = bringing([{ items: [gap('away'), gap('full'), gap('away'), gap('full')] }]);
    expect(await run()).toEqual([{ reason: 'away' }, { reason: 'full' }]);
  });

  test('do not make a feed that fails look alive: failures add up, and the lag grows', async () => {
    const { run, stage } = bringing([
      { items: [1] },
      ...Array.from({ length: 6 }, () => ({ items: [gap('away')], fails: true })),
    ]);
    expect(await run()).toHaveLength(2);
    const [status] = await feedStatus(scopeOfLogs(stage.deps, { tenant: TENANT }));
    expect(status).toMatchObject({ failures: 6, counts: { events: 1 } });
    expect(status?.lagMs).toBe(7 * 600_000);
  });

  test('stay on record behind the events that follow, as items do that were given up', async () => {
    const { run, stage } = bringing([{ items: [1] }, { items: [2, gap('away')] }, { items: [3] }]);
    const lastGapAt = async () => (await feedStatus(scopeOfLogs(stage.deps, { tenant: TENANT })))[0]?.lastGapAt;
    await stage.run();
    expect(await lastGapAt()).toBeNull();
    await stage.clock.advance(600_000);
    const { now } = stage.clock;
    await run();
    expect(await lastGapAt()).toBe(now);
    const pacing = { budget: { events: 1 }, overflow: 'drop-newest', replayable: false } as const;
    const given = stageOf({ streams: { readings: anonymous(feedOf(() => brings([1, 2]), pacing)) } });
    await given.run();
    const [dropped] = await feedStatus(scopeOfLogs(given.deps, { tenant: TENANT }));
    expect(dropped).toMatchObject({ counts: { events: 1, dropped: 1 }, lastGapAt: given.clock.now });
  });

  test('are told where a release that knows no folding brought events in between', () => {
    const told = createGapFold({ events: 5, told: { 'readings away': 1 } }, 6);
    const event = { id: 'g', time: 2, data: null, meta: { gap: { reason: 'away' } } };
    expect(told.isRepeated({ stream: 'readings', event })).toBe(false);
  });
});
