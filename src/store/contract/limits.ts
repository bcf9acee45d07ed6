/** The portable limits: each is refused before anything is written, and what is just within them is taken. */
import { expect, test } from 'vitest';
import type { Json } from '../../base/json.ts';
import { COMMIT_BYTES, COMMIT_OPERATIONS, RECORD_BYTES } from '../limits.ts';
import type { Operation, Store } from '../store.ts';
import { key, NOW, type StartKit } from './kit.ts';

const options = { id: 'limits', now: NOW, deadline: NOW + 60_000 };
const put = (id: string, value: Exclude<Json, null> = 1, partition = 'p'): Operation => ({
  kind: 'put',
  ...key(id, partition),
  value,
  expects: null,
});
const append = (entries: Json[], log = 'l'): Operation => ({ kind: 'append', log, entries });
const puts = (count: number) => Array.from({ length: count }, (_, i) => put(`r${i}`));
/** A JSON string of exactly so many bytes. */
const text = (bytes: number) => 'x'.repeat(bytes - 2);

const REFUSED: { name: string; code: string; operations: Operation[] }[] = [
  { name: 'no operation', code: 'invalid_input', operations: [] },
  { name: 'one operation too many', code: 'too_large', operations: puts(COMMIT_OPERATIONS + 1) },
  {
    name: 'an append that weighs too much',
    code: 'too_large',
    operations: [append(Array<Json>(100 * COMMIT_OPERATIONS + 1).fill(1))],
  },
  { name: 'a record above its limit', code: 'too_large', operations: [put('a', text(RECORD_BYTES + 1))] },
  {
    name: 'a record above its limit in bytes, not characters',
    code: 'too_large',
    operations: [put('a', '東'.repeat(Math.ceil(RECORD_BYTES / 3)))],
  },
  { name: 'an entry above its limit', code: 'too_large', operations: [append([text(RECORD_BYTES + 1)])] },
  {
    name: 'a commit above its limit',
    code: 'too_large',
    operations: Array.from({ length: 11 }, (_, i) => put(`r${i}`, text(RECORD_BYTES - 100))),
  },
  {
    name: 'two operations on a record',
    code: 'invalid_input',
    operations: [put('a'), { kind: 'check', ...key('a'), expects: 'v' }],
  },
  { name: 'two appends to a log', code: 'invalid_input', operations: [append([1]), append([2])] },
  { name: 'an append of nothing', code: 'invalid_input', operations: [append([])] },
  { name: 'an entry that JSON has no text for', code: 'invalid_input', operations: [append([1, undefined as never])] },
  { name: 'a value that JSON has no text for', code: 'invalid_input', operations: [put('a', 1n as never)] },
  { name: 'a bare null', code: 'invalid_input', operations: [put('a', Number.NaN)] },
  { name: 'an empty id', code: 'invalid_input', operations: [put('')] },
  { name: 'an id above its limit', code: 'invalid_input', operations: [put('é'.repeat(257))] },
  { name: 'a partition above its limit', code: 'invalid_input', operations: [put('a', 1, 'p'.repeat(257))] },
  { name: 'an id that is no Unicode', code: 'invalid_input', operations: [put('\ud800')] },
  { name: 'a log without a name', code: 'invalid_input', operations: [append([1], '')] },
  {
    name: 'an expiry that is no whole number',
    code: 'invalid_input',
    operations: [{ kind: 'put', ...key('a'), value: 1, expects: null, expiresAt: 0.5 }],
  },
];

const READS: { name: string; read: (store: Store) => Promise<unknown> }[] = [
  { name: 'get of an empty id', read: (store) => store.get(key(''), NOW) },
  { name: 'getMany of 101', read: (store) => store.getMany(Array(101).fill(key('a')), NOW) },
  { name: 'list of none', read: (store) => store.list('p', { now: NOW, limit: 0 }) },
  { name: 'list of 1001', read: (store) => store.list('p', { now: NOW, limit: 1_001 }) },
  { name: 'due of 1001', read: (store) => store.due('q', { now: NOW, limit: 1_001, from: 0 }) },
  { name: 'a counter without a name', read: (store) => store.add('', 1, { now: NOW, expiresAt: NOW + 1 }) },
  {
    name: 'a counter with too long a name',
    read: (store) => store.add('é'.repeat(257), 1, { now: NOW, expiresAt: NOW + 1 }),
  },
  { name: 'read of 1001', read: (store) => store.read('l', null, 1_001) },
  { name: 'read of a half', read: (store) => store.read('l', null, 0.5) },
  { name: 'last of 1001', read: (store) => store.last('l', 1_001) },
];

/** A name that grows as much as it can on its way through JSON, for its length. */
const name = (i: number, bytes: number) => `${i}"\\\u0000`.padEnd(bytes, '"');

export function limitRules(start: StartKit): void {
  test.for(REFUSED)('$name is refused, and nothing is written', async ({ code, operations }) => {
    const { store } = await start();
    const refused = [put('witness'), ...operations];
    const sent = operations.length === 0 || operations.length > COMMIT_OPERATIONS ? operations : refused;
    await expect(store.commit(sent, options)).rejects.toMatchObject({ code });
    expect(await store.list('p', { now: NOW, limit: 10 })).toEqual({ records: [], next: null });
    expect(await store.extent('l')).toMatchObject({ end: null });
  });

  test('a clock between two milliseconds is refused, and nothing is written', async () => {
    const { store } = await start();
    const commit = store.commit([put('a'), append([1])], { ...options, now: NOW + 0.5 });
    await expect(commit).rejects.toMatchObject({ code: 'invalid_input', field: 'options.now' });
    expect((await store.get(key('a'), NOW)).version).toBeNull();
  });

  test.for(READS)('$name is refused', async ({ read }) => {
    const { store } = await start();
    await expect(read(store)).rejects.toMatchObject({ code: 'invalid_input' });
  });

  test('the engine states its own limits, within the portable ones', async () => {
    const { commitBytes, commitOperations } = (await start()).store.limits;
    expect(commitOperations).toBeLessThanOrEqual(COMMIT_OPERATIONS);
    expect(commitBytes).toBeLessThanOrEqual(COMMIT_BYTES);
    // The largest record, its lease and its names.
    expect(commitBytes).toBeGreaterThan(RECORD_BYTES + 2_000);
  });

  test('a commit of the largest record, one of the most operations, and one of the most bytes are taken', async () => {
    const { store, commits } = await start();
    const record = text(RECORD_BYTES);
    await commits([put('largest', record)]);
    expect((await store.get(key('largest'), NOW)).value).toBe(record);
    await commits(puts(store.limits.commitOperations));
    expect((await store.list('p', { now: NOW, limit: 1_000 })).records).toHaveLength(store.limits.commitOperations + 1);
    // Quotes are what grows most on the way to an engine that is spoken to in JSON.
    const quotes = '"'.repeat(999);
    const count = Math.floor((store.limits.commitBytes - 1) / 2_000);
    await commits([append(Array<Json>(count).fill(quotes))]);
    expect((await store.last('l', 1)).entries[0]?.value).toBe(quotes);
    await expect(store.commit([append(Array<Json>(count + 1).fill(quotes))], options)).rejects.toMatchObject({
      code: 'too_large',
    });
  });

  test('the longest names fit as often as operations are allowed', async () => {
    const { store, commits } = await start();
    const operations = Array.from({ length: store.limits.commitOperations }, (_, i) =>
      put(name(i, 512), 1, name(i, 256)),
    );
    await commits(operations);
    expect((await store.get(key(name(7, 512), name(7, 256)), NOW)).value).toBe(1);
  });
}
