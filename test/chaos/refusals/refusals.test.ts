/** The short form of `npm run chaos full` and `npm run chaos locked`: a few seeded runs of each. */
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/store/contract/seeded.ts';
import { requireService } from '../../services/available.ts';
import { noSmallDisk } from '../../store/small-disk.ts';
import { refusalRun, type RefusalReport } from './run.ts';
import { type Stage, STAGES } from './stages.ts';
import { outcomes, refusalVerdict } from './verdict.ts';
import { byDepth } from '../../depth.ts';

const RUNS = byDepth(4, 8, 20);
const SEED = 20_261_129;
/** Of a store that is full, nothing is unknown. */
const CERTAIN = { committed: expect.any(Number) as number, store_full: expect.any(Number) as number };

async function runs(open: Stage): Promise<Record<string, number>> {
  await using stack = new AsyncDisposableStack();
  const newRun = await open(stack);
  const all: RefusalReport['attempts'] = [];
  for (let seed = SEED; seed < SEED + RUNS; seed += 1) {
    const { close, ...refusing } = await newRun(seededRandom(seed));
    const report = await refusalRun(refusing, seed);
    await close();
    expect({ seed, wrong: refusalVerdict(report) }).toEqual({ seed, wrong: [] });
    all.push(...report.attempts);
  }
  return outcomes({ attempts: all });
}

describe('a store that refuses for a while loses nothing, writes nothing that it refused, and goes on', () => {
  test.skipIf(noSmallDisk !== null)(
    `a disk that is full (${noSmallDisk ?? 'tmpfs'})`,
    { timeout: 60_000 },
    async () => {
      expect(await runs(STAGES['sqlite, full'])).toEqual(CERTAIN);
    },
  );

  test.skipIf(!requireService('redis'))('redis over maxmemory (needs redis-server)', { timeout: 60_000 }, async () => {
    expect(await runs(STAGES['redis, full'])).toMatchObject(CERTAIN);
  });

  test('a lock that another process holds', { timeout: 60_000 }, async () => {
    expect((await runs(STAGES['sqlite, locked']))['committed']).toBeGreaterThan(0);
  });
});

const attempt = (n: number, outcome: RefusalReport['attempts'][number]['outcome'], tookMs = 1) => {
  return { by: 'a', n, outcome, tookMs };
};

test('the verdict sees what is lost, doubled, written all the same, torn, out of order, late and stuck', () => {
  const attempts = [
    attempt(0, 'committed'),
    attempt(1, 'store_full', 9_000),
    attempt(2, 'internal'),
    attempt(3, 'store_unknown'),
  ];
  const found = [2, 2, 1].map((n) => ({ by: 'a', n }));
  expect(
    refusalVerdict({ attempts, afterwards: [attempt(3, 'store_unknown')], found, records: { a: 2 }, stoodMs: 4_000 }),
  ).toEqual([
    '1 acknowledged and lost',
    '1 twice',
    '1 refused and written',
    '1 of another outcome',
    '1 refused late',
    '1 not written after the faults',
    '2 out of order, of a',
    'a: the record says 2, the log 1',
    'the event loop stood still for 4000 ms',
  ]);
});
