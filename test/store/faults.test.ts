/**
 * Seeded random work on every driver while requests and answers are delayed, lost, doubled, late or refused: nothing is
 * lost, nothing is doubled.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import { randomId } from '../../src/base/runtime.ts';
import type { Operation, Store } from '../../src/store/store.ts';
import { requireService } from '../services/available.ts';
import { createKit, NOW } from '../../src/store/contract/kit.ts';
import { compareWithModel } from '../../src/store/contract/model.ts';
import { FAULTY_DRIVERS, patiently } from './fault-drivers.ts';
import { seededRandom } from '../../src/store/contract/seeded.ts';
import { byDepth } from '../depth.ts';

const WRITERS = 4;
/** How many operations a slow driver gets: DynamoDB Local takes 40 s for 2,000. */
const STEPS: Readonly<Record<string, number>> = { dynamodb: byDepth(300, 500, 2_000) };
const MOST_STEPS = byDepth(1_000, 2_000, 2_000);

describe.each(FAULTY_DRIVERS)('$name', ({ name, needs, open }) => {
  const steps = STEPS[name] ?? MOST_STEPS;
  const seed = 20_261_120;

  async function start() {
    const stack = new AsyncDisposableStack();
    onTestFinished(() => stack.disposeAsync());
    const random = seededRandom(seed);
    const driver = await open(random, stack);
    const store = patiently(driver);
    const kit = await createKit(async () => ({ store, second: store, reopen: null, close: async () => {} }))();
    return { ...kit, proxy: driver.proxy };
  }

  describe.skipIf(needs !== null && !requireService(needs))(`through faults (needs ${needs ?? 'nothing'})`, () => {
    test(`${steps} operations: every answer is that of the specification`, { timeout: 300_000 }, async () => {
      const { store, commit, proxy } = await start();
      await compareWithModel({ store, commit }, seededRandom(seed + 1), { steps, lossy: true });
      // Each kind of fault was met.
      if (proxy) expect(Object.keys(proxy.faults())).toHaveLength(8);
    });

    test(
      'writers at once: each entry is there once, and no change to their sum is lost',
      { timeout: 120_000 },
      async () => {
        const { store, commit, proxy } = await start();
        const each = steps / 20;
        await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(store, commit, writer, each)));
        await proxy?.release();
        const expected = Array.from({ length: WRITERS }, (_, w) => Array.from({ length: each }, (_, i) => `${w}-${i}`));
        for (const log of [FENCED, FREE]) {
          const entries = await readAll(store, log);
          expect(entries.toSorted()).toEqual(expected.flat().toSorted());
          // In the order in which each of them wrote.
          for (const [writer, own] of expected.entries()) {
            expect(entries.filter((entry) => entry.startsWith(`${writer}-`))).toEqual(own);
          }
        }
        expect((await store.get(SUM, NOW)).value).toBe(WRITERS * each);
      },
    );
  });
});

/**
 * Two logs: each append to `fenced` goes with a put that expects a version, so that one at a time succeeds; `free` has
 * none.
 */
const FENCED = 'fenced';
const FREE = 'free';
const SUM = { partition: 'p', id: 'sum' };

async function write(
  store: Store,
  commit: (operations: readonly Operation[], options: { id: string }) => Promise<{ status: string }>,
  writer: number,
  count: number,
): Promise<void> {
  for (let i = 0; i < count;) {
    const { value, version } = await store.get(SUM, NOW);
    const operations: Operation[] = [
      { kind: 'put', ...SUM, value: Number(value ?? 0) + 1, expects: version },
      { kind: 'append', log: FENCED, entries: [`${writer}-${i}`] },
    ];
    if ((await commit(operations, { id: randomId() })).status !== 'committed') continue;
    await commit([{ kind: 'append', log: FREE, entries: [`${writer}-${i}`] }], { id: randomId() });
    i += 1;
  }
}

async function readAll(store: Store, log: string): Promise<string[]> {
  const found: string[] = [];
  for (let cursor = null; ;) {
    const page = await store.read(log, cursor, 100);
    if (page.entries.length === 0) return found;
    found.push(...page.entries.map((entry) => entry.value as string));
    cursor = page.cursor;
  }
}
