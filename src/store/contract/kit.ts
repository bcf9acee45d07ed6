/** What the contract's tests share: commits that are repeated while their outcome is unknown, and short forms. */
import { expect, onTestFinished } from 'vitest';
import type { Json } from '../../base/json.ts';
import { randomId } from '../../base/runtime.ts';
import type { Settled } from '../commit.ts';
import { isPresent } from '../store.ts';
import type { Cursor, LogEntry, Operation, Put, RecordKey, Store, StoredRecord, Version } from '../store.ts';

export interface StoreUnderTest {
  store: Store;
  /** Another client of the same engine, as a second process would have; the same object where there is none. */
  second: Store;
  /**
   * Closes the clients and opens the same engine anew, as after a restart; `close` closes that one too. Null: the driver keeps nothing
   * beyond its process.
   */
  reopen: (() => Promise<Store>) | null;
  close: () => Promise<void>;
}

export type StartKit = () => Promise<Kit>;
export type Kit = Awaited<ReturnType<ReturnType<typeof createKit>>>;

/** The tests' clock: far from the machine's, which no driver may ask. */
export const NOW = 50_000_000;
const DEADLINE = NOW + 3_600_000;
const MOST_TRIES = 200;

export function createKit(open: () => Promise<StoreUnderTest>) {
  return async () => {
    const { store, second, reopen, close } = await open();
    onTestFinished(close);

    /** Repeats the commit while its outcome is unknown. */
    async function commit(
      operations: readonly Operation[],
      { id = randomId(), now = NOW, by = store }: { id?: string; now?: number; by?: Store } = {},
    ): Promise<Settled> {
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        const result = await by.commit(operations, { id, now, deadline: DEADLINE });
        if (result.status !== 'unknown') return result;
      }
      throw new Error('the outcome stayed unknown');
    }

    /** A commit that must take effect. */
    async function commits(operations: readonly Operation[], options: Parameters<typeof commit>[1] = {}) {
      const result = await commit(operations, options);
      if (result.status !== 'committed') throw new Error(`expected a commit, found ${JSON.stringify(result)}`);
      return result;
    }

    async function put(
      key: RecordKey,
      value: Put['value'],
      more: Partial<Put> & { now?: number } = {},
    ): Promise<Version> {
      const { now = NOW, ...rest } = more;
      return (await commits([{ kind: 'put', ...key, value, expects: null, ...rest }], { now })).version;
    }

    /** Answers the cursor behind the last entry. */
    async function append(log: string, entries: readonly Json[], now = NOW): Promise<Cursor> {
      return (await commits([{ kind: 'append', log, entries }], { now })).cursors[log] ?? '';
    }

    async function present(key: RecordKey, now = NOW): Promise<StoredRecord> {
      const reading = await store.get(key, now);
      if (!isPresent(reading)) throw new Error(`expected a record, found ${JSON.stringify(reading)}`);
      return reading;
    }

    return { store, second, reopen, commit, commits, put, append, present };
  };
}

export function key(id: string, partition = 'p'): RecordKey {
  return { partition, id };
}

export function values(page: { entries: readonly LogEntry[] }): Json[] {
  return page.entries.map((entry) => entry.value);
}

/** What a hint may be late with must come true when asked again. */
export async function eventually<Value>(ask: () => Promise<Value>, expected: Value): Promise<void> {
  let found = await ask();
  for (let tries = 0; tries < MOST_TRIES && JSON.stringify(found) !== JSON.stringify(expected); tries += 1) {
    found = await ask();
  }
  expect(found).toEqual(expected);
}

/** Values that a careless encoding changes. */
export const ODD_VALUES: Exclude<Json, null>[] = [
  '',
  'null',
  '123',
  '{"a":1}',
  'grün 東京 \u{1f30a}',
  'lone \ud800 and \udfff',
  'a "quote", a \\ and \u0000\u0001\n\r\t\u2028',
  0,
  -1.5,
  0.1,
  1e300,
  5e-324,
  Number.MAX_SAFE_INTEGER,
  1_700_000_000_123,
  true,
  false,
  [],
  {},
  [[], {}, [null], ''],
  { 'ключ "1"': { deep: [1, { er: null }] }, '': 0, __proto: 1 },
  'x'.repeat(300_000),
];
