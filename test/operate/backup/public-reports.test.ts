/** What was reported of the backups of others, each tried on ours. The source stands in the name of each test. */
import { expect, test } from 'vitest';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { createSqliteStore } from '../../../src/store/sqlite/store.ts';
import { isPresent, type Operation, type Store } from '../../../src/store/store.ts';
import { AT, dump, newWorld, opened, reading, restored, textOf } from './scene.ts';

const until = AT + 60_000;
let commits = 0;

async function commit(store: Store, ...operations: Operation[]): Promise<void> {
  commits += 1;
  await store.commit(operations, { id: `c${commits}`, now: AT, deadline: until });
}

const put = (partition: string, id: string, value: number, expiresAt: number | null = null): Operation => ({
  kind: 'put',
  partition,
  id,
  value,
  expects: null,
  expiresAt,
});

test('influxdata/influxdb#9613: the last part of a large file is missing, and most of it is restored all the same', async () => {
  const from = createMemoryStore();
  for (let n = 0; n < 40; n += 1)
    await commit(from, { kind: 'append', log: 'public/stream/readings', entries: [`${n}`.repeat(9_000)] });
  const text = await textOf(from, newWorld());
  expect(text.length).toBeGreaterThan(512 * 1024);
  for (const part of [0.5, 0.95, 0.999]) {
    const to = createMemoryStore();
    await expect(restored(to, text.slice(0, text.length * part))).rejects.toMatchObject({ code: 'invalid_input' });
    expect(await dump(to)).toEqual({ records: {}, logs: {} });
  }
});

test('yugabyte/yugabyte-db#8644, danielebailo/couchdb-dump#91: a second restore over live data mixes the two', async () => {
  const from = createMemoryStore();
  await commit(from, put('public/x', 'a', 1), { kind: 'append', log: 'public/stream/readings', entries: [1] });
  const text = await textOf(from, newWorld());
  const to = createMemoryStore();
  await commit(to, put('public/x', 'b', 2));
  await expect(restored(to, text)).rejects.toMatchObject({ code: 'invalid_input' });
  await restored(to, text, { replace: true, hold: false });
  expect(Object.keys((await dump(to)).records)).toEqual(['public/x a']);
});

test('DataExpert-io/data-engineer-handbook#133: tables grow with each restore', async () => {
  const from = createMemoryStore();
  await commit(from, { kind: 'append', log: 'public/stream/readings', entries: [1, 2, 3] });
  const text = await textOf(from, newWorld());
  const to = createMemoryStore();
  for (let times = 0; times < 3; times += 1) await restored(to, text, { replace: true, hold: false });
  await expect(restored(to, text)).rejects.toMatchObject({ code: 'invalid_input' });
  expect((await to.extent('public/stream/readings')).count).toBe(3);
});

test('redis/redis#7472, #5045: what has expired is restored, and times to live begin anew', async () => {
  const from = createMemoryStore();
  await commit(from, put('public/x', 'short', 1, AT + 1_000), put('public/x', 'long', 2, AT + 100_000));
  const text = await textOf(from, newWorld());
  const to = createSqliteStore({ path: ':memory:' });
  const later = AT + 50_000;
  await restored(to, text, { at: later, hold: false });
  const [short, long] = await to.getMany(
    ['short', 'long'].map((id) => ({ partition: 'public/x', id })),
    later,
  );
  expect([short?.value, long?.value, long && isPresent(long) ? long.expiresAt : null]).toEqual([null, 2, AT + 100_000]);
});

test('dragonflydb/dragonfly#3858: an old snapshot loses what expires by its age', async () => {
  const from = createMemoryStore();
  const app = opened(newWorld(), from);
  await app.streams.append('readings', reading('r1', 's1', 1));
  await app.sweep();
  await app.close();
  const later = AT + 400 * 86_400_000;
  const to = createMemoryStore();
  await restored(to, await textOf(from, newWorld()), { at: later, hold: false });
  // Latest events end by age, as they would have there; the events themselves stand until retention says otherwise.
  expect((await to.extent('public/stream/readings')).count).toBe(1);
});

test('benbjohnson/litestream#224: retention removes the beginning while it is read', async () => {
  const from = createMemoryStore();
  const log = 'public/stream/readings';
  for (let n = 0; n < 100; n += 1) await commit(from, { kind: 'append', log, entries: [n] });
  for (const when of [1, 2, 3]) {
    let reads = 0;
    const trimmed: Store = {
      ...from,
      async read(...given) {
        reads += 1;
        if (reads === when) await from.trim(log, { now: AT, keep: 60 - 10 * when, limit: 1_000 });
        return from.read(...given);
      },
    };
    const to = createMemoryStore();
    await restored(to, await textOf(trimmed, newWorld()));
    const { entries } = await to.read(log, null, 1_000);
    const values = entries.map(({ value }) => value as number);
    expect(values.at(-1)).toBe(99);
    expect(values).toEqual(Array.from({ length: values.length }, (_, index) => 100 - values.length + index));
  }
});

test('influxdata/influxdb#23783: what has an unusual name is passed over', async () => {
  const from = createSqliteStore({ path: ':memory:' });
  const names = [
    'foo-bar',
    'foo3',
    'é',
    'a/b/c',
    '"',
    '*',
    '\\',
    '{x}',
    '\u{1f30a}',
    ' ',
    '%2F',
    '["s","x"]',
    'x'.repeat(200),
  ];
  for (const name of names) {
    await commit(from, put(`acme/${name}`, name, 1), {
      kind: 'append',
      log: `acme/${name}`,
      entries: [name, '\n', { '': name }],
    });
  }
  const to = createMemoryStore();
  await restored(to, await textOf(from, newWorld()), { hold: false });
  expect(await dump(to)).toEqual(await dump(from));
});

test('influxdata/influxdb#11524: what was changed while it was read is taken in its first form alone, or twice', async () => {
  const from = createMemoryStore();
  for (let n = 0; n < 30; n += 1) await commit(from, put('public/x', `${n}`, n));
  const twice: Store = {
    ...from,
    async transfer() {
      const transfer = await from.transfer?.();
      if (transfer === undefined) throw new Error('there is one');
      const records: typeof transfer.records = async (after, limit) => {
        const page = await transfer.records(after, limit);
        // As a scan of Redis does; and in another form, as where the app wrote meanwhile.
        return {
          ...page,
          records: [...page.records, ...page.records.map((record) => ({ ...record, value: 'newer' }))],
        };
      };
      return { ...transfer, records };
    },
  };
  const to = createMemoryStore();
  await restored(to, await textOf(twice, newWorld()), { hold: false });
  const { records } = await to.list('public/x', { now: AT, limit: 100 });
  expect(records.map(({ value }) => value)).toEqual(Array.from({ length: 30 }, () => 'newer'));
});

test('cloudflare/workers-sdk#4407: the largest values that are kept, many at once, and words for what is wrong', async () => {
  const from = createMemoryStore();
  const large = '"\\'.repeat(80_000);
  for (let n = 0; n < 5; n += 1) await commit(from, { kind: 'append', log: 'public/l', entries: [large, n, large] });
  const to = createSqliteStore({ path: ':memory:' });
  await restored(to, await textOf(from, newWorld()), { hold: false });
  expect((await dump(to)).logs).toEqual((await dump(from)).logs);
  const told = await restored(createMemoryStore(), 'INSERT INTO t VALUES (1);').catch((thrown: unknown) => thrown);
  expect(told).toMatchObject({
    field: 'FILE',
    expected: 'a file that tidegate backup or tidegate tenants export wrote',
  });
});
