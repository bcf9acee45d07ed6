/**
 * Writers side by side on a store that refuses now and then, at seeded moments: its disk or memory is full, or another process
 * holds its lock. Each writer appends numbered entries, and in the same commit keeps the last number in a record of its own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { asTidegateError, type ErrorCode } from '../../../src/base/errors.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { commitSurely } from '../../../src/store/commit.ts';
import { seededRandom } from '../../../src/store/contract/seeded.ts';
import { type Cursor, isPresent, type Store } from '../../../src/store/store.ts';

export interface Refusing {
  store: Store;
  /** Makes it refuse. */
  begin: () => Promise<void>;
  /** Ends that. */
  end: () => Promise<void>;
}

export interface Attempt {
  by: string;
  n: number;
  /** `committed`, or the code by which it failed. */
  outcome: 'committed' | ErrorCode;
  tookMs: number;
}

export interface RefusalReport {
  /** In the order in which each writer made them. */
  attempts: Attempt[];
  /** The attempts after the last fault had ended. */
  afterwards: Attempt[];
  found: { by: string; n: number }[];
  /** The record of each writer. */
  records: Record<string, number>;
  /** The longest time for which the event loop stood still, ms. */
  stoodMs: number;
}

const WRITERS = ['a', 'b', 'c'];
const FAULTS = 3;
const MOST_PAUSE_MS = 60;
/** Most faults are short; some last longer than any writer waits. */
const FAULT_MS = { usual: 80, long: 1_500, longShare: 0.1 };
const MOST_BYTES = 40_000;
const WITHIN_MS = 600;
const AFTERWARDS_MS = 10_000;
const TICK_MS = 5;

export async function refusalRun({ store, begin, end }: Refusing, seed: number): Promise<RefusalReport> {
  const random = seededRandom(seed);
  const runtime = systemRuntime(() => {});
  const attempts: Attempt[] = [];
  const stopping = new AbortController();

  async function attempt(by: string, n: number, withinMs: number): Promise<Attempt> {
    const key = { partition: 'last', id: by };
    const startedAt = performance.now();
    let outcome: Attempt['outcome'] = 'committed';
    try {
      const { version } = await store.get(key, runtime.now());
      const pad = 'x'.repeat(Math.floor(random() * MOST_BYTES));
      const append = { kind: 'append', log: 'l', entries: [{ by, n, pad }] } as const;
      const put = { kind: 'put', ...key, value: n, expects: version } as const;
      const { status } = await commitSurely(runtime, store, [append, put], runtime.now() + withinMs);
      if (status !== 'committed') outcome = 'internal';
    } catch (thrown) {
      outcome = asTidegateError(thrown).code;
    }
    return { by, n, outcome, tookMs: performance.now() - startedAt };
  }

  async function write(by: string): Promise<number> {
    let n = 0;
    for (; !stopping.signal.aborted; n += 1) {
      attempts.push(await attempt(by, n, WITHIN_MS));
      await sleep(random() * 4);
    }
    return n;
  }

  let stoodMs = 0;
  let tickedAt = performance.now();
  const ticking = setInterval(() => {
    stoodMs = Math.max(stoodMs, performance.now() - tickedAt - TICK_MS);
    tickedAt = performance.now();
  }, TICK_MS);
  try {
    const writing = WRITERS.map(write);
    for (let fault = 0; fault < FAULTS; fault += 1) {
      await sleep(random() * MOST_PAUSE_MS);
      await begin();
      await sleep(random() < FAULT_MS.longShare ? FAULT_MS.long : random() * FAULT_MS.usual);
      await end();
    }
    await sleep(random() * MOST_PAUSE_MS);
    stopping.abort();
    const next = await Promise.all(writing);
    const afterwards = await Promise.all(WRITERS.map((by, i) => attempt(by, next[i] ?? 0, AFTERWARDS_MS)));
    attempts.push(...afterwards);
    return { attempts, afterwards, ...(await contents(store)), stoodMs };
  } finally {
    clearInterval(ticking);
  }
}

async function contents(store: Store): Promise<Pick<RefusalReport, 'found' | 'records'>> {
  const found: RefusalReport['found'] = [];
  let cursor: Cursor | null = null;
  for (;;) {
    const page = await store.read('l', cursor, 1_000);
    found.push(...page.entries.map(({ value }) => value as { by: string; n: number }).map(({ by, n }) => ({ by, n })));
    cursor = page.cursor;
    if (page.entries.length === 0) break;
  }
  const readings = await Promise.all(WRITERS.map((id) => store.get({ partition: 'last', id }, Date.now())));
  return {
    found,
    records: Object.fromEntries(readings.filter(isPresent).map(({ id, value }) => [id, value as number])),
  };
}
