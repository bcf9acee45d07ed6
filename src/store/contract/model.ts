/** A few hundred seeded operations on the driver and on the memory store, which is the specification: every answer is the same. */
import { expect, test } from 'vitest';
import { createMemoryStore } from '../drivers/memory.ts';
import type { Cursor, Operation, Store, StoredRecord } from '../store.ts';
import { seededRandom } from './seeded.ts';
import { eventually, NOW, type Kit, type StartKit } from './kit.ts';

const IDS = ['a', 'ab', 'b', 'é', '\uff5e', '\u{1f30a}'];
const LOGS = ['l', 'm'];

export function modelRules(start: StartKit): void {
  test.for([1, 2])('seed %i: every answer is that of the specification', async (seed) => {
    await compareWithModel(await start(), seededRandom(seed), { steps: 300 });
  });
}

/**
 * @param kit a store that nobody else uses, empty.
 * @param options.lossy answers may be lost: of calls that are no reads and have no id, only the effect is compared.
 */
export async function compareWithModel(
  kit: Pick<Kit, 'store' | 'commit'>,
  random: () => number,
  { steps, lossy = false }: { steps: number; lossy?: boolean },
): Promise<void> {
  const model = createMemoryStore();
  const versions: string[] = ['never'];
  const cursors: Cursor[] = [];
  let now = NOW;
  let commits = 0;

  const upTo = (most: number) => Math.floor(random() * most);
  const pick = <Item>(items: readonly Item[]): Item => items[upTo(items.length)] as Item;
  const chance = (probability: number) => random() < probability;

  async function randomOperation(id: string): Promise<Operation> {
    const key = { partition: 'p', id };
    const { version } = await model.get(key, now);
    const expects = chance(0.8) ? version : pick([...versions, null]);
    const kind = pick(['put', 'put', 'put', 'delete', 'check'] as const);
    if (kind !== 'put' || expects === undefined) {
      return { kind: kind === 'put' ? 'check' : kind, ...key, expects: expects ?? 'never' };
    }
    const expiresAt = chance(0.3) ? now + upTo(50) : null;
    return {
      kind,
      ...key,
      value: upTo(1_000),
      expects,
      expiresAt,
      due: chance(0.4) ? { queue: 'q', at: now + upTo(30) } : null,
    };
  }

  async function commit(): Promise<void> {
    const ids = IDS.filter(() => chance(0.3));
    const operations = await Promise.all(ids.map(randomOperation));
    for (const log of LOGS) {
      if (!chance(0.3)) continue;
      // Now and then more than one segment holds.
      const length = chance(0.05) ? 130 : 1 + upTo(4);
      operations.push({ kind: 'append', log, entries: Array.from({ length }, () => upTo(100)) });
    }
    if (operations.length === 0) return;
    commits += 1;
    const options = { id: `c${commits}`, now, deadline: now + 1 };
    const expected = await model.commit(operations, options);
    expect(await kit.commit(operations, options)).toEqual(expected);
    if (expected.status !== 'committed') return;
    versions.push(expected.version);
    cursors.push(...Object.values(expected.cursors));
    if (chance(0.2)) expect(await kit.commit(operations, options)).toEqual(expected);
  }

  async function same(ask: (store: Store) => Promise<unknown>): Promise<void> {
    expect(await ask(kit.store)).toEqual(await ask(model));
  }

  const log = () => pick(LOGS);
  /** Within a segment, mostly. */
  const count = () => 1 + upTo(chance(0.3) ? 150 : 6);
  const cursor = () => (cursors.length === 0 || chance(0.2) ? null : pick(cursors));
  const actions: (() => Promise<void>)[] = [
    commit,
    commit,
    commit,
    commit,
    async () => void (now += upTo(20) - 2),
    () =>
      same((store) =>
        store.getMany(
          IDS.map((id) => ({ partition: 'p', id })),
          now,
        ),
      ),
    async () => {
      const range = {
        ...(chance(0.5) ? { prefix: pick(['a', 'é', 'x']) } : {}),
        ...(chance(0.5) ? { after: pick(IDS) } : {}),
      };
      const limit = 1 + upTo(4);
      await same((store) => listAll(store, range, limit, now));
    },
    async () => {
      const from = upTo(16);
      const ask = async (store: Store) =>
        (await store.due('q', { now, limit: 100, from })).map((record) => `${record.dueAt} ${record.id}`).toSorted();
      await eventually(() => ask(kit.store), await ask(model));
    },
    async () => {
      const [name, after, limit] = [log(), cursor(), count()];
      await same((store) => store.read(name, after, limit));
    },
    async () => {
      const [name, before, n] = [log(), cursor(), count()];
      await same((store) => store.last(name, n, before));
    },
    async () => {
      const [name, time] = [log(), now - upTo(200)];
      await same((store) => store.seek(name, time));
    },
    async () => {
      const name = log();
      await same((store) => store.extent(name));
    },
    async () => {
      const [name, limit] = [log(), count()];
      const rule = pick([{ keep: upTo(12) }, { keep: upTo(150) }, { appendedBefore: now - upTo(100) }, {}]);
      if (chance(0.5)) return;
      const [expected, found] = [
        await model.trim(name, { now, limit, ...rule }),
        await kit.store.trim(name, { now, limit, ...rule }),
      ];
      if (!lossy) expect(found).toEqual(expected);
    },
    async () => {
      const erasures = Array.from({ length: 1 + upTo(3) }, () => ({ cursor: cursor(), value: upTo(1_000) - 2_000 }));
      const [name, known] = [
        log(),
        erasures.flatMap(({ cursor, value }) => (cursor === null ? [] : [{ cursor, value }])),
      ];
      await same((store) => store.erase(name, known));
    },
    async () => {
      const [amount, expiresAt] = [upTo(5), now + upTo(40)];
      if (!lossy) await same((store) => store.add('k', amount, { now, expiresAt }));
    },
  ];
  for (let step = 0; step < steps; step += 1) await pick(actions)();
}

async function listAll(
  store: Store,
  range: { prefix?: string; after?: string },
  limit: number,
  now: number,
): Promise<StoredRecord[]> {
  const all: StoredRecord[] = [];
  for (let next = range; ;) {
    const page = await store.list('p', { now, limit, ...next });
    all.push(...page.records);
    if (page.next === null) return all;
    next = { ...range, after: page.next };
  }
}
