/** A follower that copies a log into another one: what comes twice or not at all is seen there. */
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import type { Runtime } from '../../../src/base/runtime.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { LogEntry, Operation, Store } from '../../../src/store/store.ts';
import { follow, type FollowOptions } from '../../../src/streams/log/follower.ts';
import { createClock, type OnCommit, readAll, START, watch } from '../../feeds/run/stage.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

let ids = 0;

function setUp(store: Store = createMemoryStore()) {
  const clock = createClock();
  const runtime = {
    now: () => clock.now,
    random: () => 0.5,
    newId: () => `f${(ids += 1)}`,
    sleep: (ms, signal) => clock.sleep(ms, signal),
    log: () => {},
  } as Partial<Runtime> as Runtime;
  const append = async (from: number, to: number) => {
    const entries = Array.from({ length: to - from }, (_, i) => from + i);
    await store.commit([{ kind: 'append', log: 'in', entries }], {
      id: `a${from}`,
      now: clock.now,
      deadline: START * 2,
    });
  };
  const options = ({
    store: over = store,
    ...more
  }: Partial<FollowOptions> & { store?: Store } = {}): FollowOptions => ({
    scope: scopeOfLogs({ store: over, runtime }, { tenant: 't' }),
    log: 'in',
    follower: 'copy',
    begin: copy,
    repeatable: false,
    limit: 10,
    deadline: clock.now + 60_000,
    ...more,
  });
  const copied = async () => (await readAll(store, 'out')) as unknown as number[];
  return { clock, store, append, options, copied };
}

function copy() {
  const taken: Json[] = [];
  return {
    take: (entries: readonly LogEntry[]) => void taken.push(...entries.map(({ value }) => value)),
    effects: async (): Promise<Operation[]> => [{ kind: 'append', log: 'out', entries: taken }],
  };
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

const unsure: OnCommit = async (_, number, next) => {
  if (number % 3 === 0) return { status: 'unknown', cause: null };
  const result = await next();
  return number % 3 === 1 ? { status: 'unknown', cause: null } : result;
};

describe('a follower', () => {
  test('reads from where it stands, and commits its effects with its position', async () => {
    const { append, options, copied } = setUp();
    await append(0, 25);
    expect(await follow(options())).toEqual({
      entries: 25,
      commits: 3,
      caughtUp: true,
      removals: false,
      alongside: 'none',
    });
    expect(await follow(options())).toEqual({
      entries: 0,
      commits: 0,
      caughtUp: true,
      removals: false,
      alongside: 'none',
    });
    await append(25, 30);
    await follow(options());
    expect(await copied()).toEqual(upTo(30));
  });

  test('of an empty log does nothing', async () => {
    const { options } = setUp();
    expect(await follow(options())).toMatchObject({ entries: 0, commits: 0, caughtUp: true });
  });

  test('that dies anywhere leaves nothing out and does nothing twice', async () => {
    for (const before of [true, false]) {
      for (let nth = 1; nth <= 4; nth += 1) {
        const { store, append, options, copied } = setUp();
        await append(0, 35);
        const dying: OnCommit = async (_, number, next) => {
          if (number === nth && !before) await next();
          return number < nth ? next() : Promise.reject(new Error('killed'));
        };
        await expect(follow(options({ store: watch(store, dying).store }))).rejects.toThrow('killed');
        await follow(options());
        expect(await copied()).toEqual(upTo(35));
      }
    }
  });

  test('that runs beside others, over a store that does not always answer, does nothing twice', async () => {
    const { clock, store, append, options, copied } = setUp();
    await append(0, 200);
    const three = [1, 2, 3].map(() => follow(options({ store: watch(store, unsure).store })));
    await clock.drive(Promise.all(three));
    expect(await copied()).toEqual(upTo(200));
  });

  test('is told when entries are gone before it read them', async () => {
    const { store, append, options } = setUp();
    await append(0, 10);
    await follow(options());
    await append(10, 30);
    await store.trim('in', { now: START, keep: 5, limit: 100 });
    const told: [number, boolean][] = [];
    const begin = () => ({
      take: (entries: readonly LogEntry[], truncated: boolean) => void told.push([entries.length, truncated]),
      effects: async () => [],
    });
    await follow(options({ begin }));
    expect(told).toEqual([[5, true]]);
  });

  test('ends at its deadline, and goes on another time', async () => {
    const { clock, store, append, options, copied } = setUp();
    await append(0, 50);
    const slow: OnCommit = (_, __, next) => {
      clock.now += 400;
      return next();
    };
    const report = await follow(options({ store: watch(store, slow).store, deadline: clock.now + 1_000 }));
    expect(report).toMatchObject({ entries: 30, caughtUp: false });
    await follow(options());
    expect(await copied()).toEqual(upTo(50));
  });
});

const beside = (expects: string | null): Operation => ({
  kind: 'put',
  partition: 'p',
  id: 'beside',
  value: 1,
  expects,
});

describe('operations alongside', () => {
  test('go into the commit that catches up, and only there', async () => {
    const { store, append, options } = setUp();
    await append(0, 25);
    const commits: number[] = [];
    const watched = watch(store, (operations, _, next) => {
      commits.push(operations.filter((o) => o.kind === 'put' && o.id === 'beside').length);
      return next();
    });
    const report = await follow(options({ store: watched.store, alongside: () => [beside(null)] }));
    expect(report).toMatchObject({ commits: 3, alongside: 'committed' });
    expect(commits).toEqual([0, 0, 1]);
  });

  test('go alone where there is nothing to follow', async () => {
    const { options } = setUp();
    expect(await follow(options({ alongside: () => [beside(null)] }))).toMatchObject({
      commits: 1,
      alongside: 'committed',
    });
  });

  test('that conflict keep the effects from being done, and are told', async () => {
    const { append, options, copied } = setUp();
    await append(0, 5);
    expect(await follow(options({ alongside: () => [beside('another')] }))).toMatchObject({ alongside: 'conflict' });
    expect(await copied()).toEqual([]);
  });
});

const dyingAtThird: OnCommit = (_, number, next) => (number < 3 ? next() : Promise.reject(new Error('killed')));

test('repeatable effects above a commit are spread over several, of which the last moves the position', async () => {
  const { store, append, options } = setUp();
  await append(0, 300);
  const begin = () => {
    const taken: number[] = [];
    return {
      take: (entries: readonly LogEntry[]) => void taken.push(...entries.map(({ value }) => value as number)),
      effects: async (): Promise<Operation[]> => {
        const keys = taken.map((n) => ({ partition: 'p', id: `${n}` }));
        const standing = await Promise.all(keys.map((key) => store.get(key, START)));
        return standing.map(({ partition, id, version }) => ({
          kind: 'put',
          partition,
          id,
          value: 1,
          expects: version,
        }));
      },
    };
  };
  const many = { begin, repeatable: true, limit: 1_000 };
  await expect(follow(options({ ...many, store: watch(store, dyingAtThird).store }))).rejects.toThrow('killed');
  expect(await follow(options(many))).toEqual({
    entries: 300,
    commits: 4,
    caughtUp: true,
    removals: false,
    alongside: 'none',
  });
  expect((await store.list('p', { now: START, limit: 1_000 })).records).toHaveLength(300);
});
