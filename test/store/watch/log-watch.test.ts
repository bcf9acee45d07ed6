import { beforeEach, describe, expect, test } from 'vitest';
import { createTestClock } from '../../../src/hosts/testing/clock.ts';
import { countCalls } from '../../../src/store/counting.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { withPokes } from '../../../src/store/watch/log-pokes.ts';
import type { LogListener, LogWatch, WatchEnd } from '../../../src/store/watch/listener.ts';
import { createLogWatch } from '../../../src/store/watch/log-watch.ts';
import type { Store } from '../../../src/store/store.ts';

const START = Date.UTC(2026, 10, 30, 12);
const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];

let clock = createTestClock(START);
let store = createMemoryStore();
let watch = startWatch();
let ids = 0;

function startWatch(): LogWatch<string> {
  const runtime = {
    now: () => clock.now(),
    sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal),
    random: () => 0.5,
    log: () => {},
  };
  return createLogWatch<string>(runtime, (_log, { value }) => {
    if (value === 'unreadable') throw new Error('not an entry of ours');
    return value === 'of no interest' ? null : (value as string);
  });
}

beforeEach(() => {
  clock = createTestClock(START);
  store = createMemoryStore();
  watch = startWatch();
});

async function append(entries: readonly string[], into: Store = store): Promise<void> {
  const now = clock.now();
  await into.commit([{ kind: 'append', log: 'log', entries }], { id: `c${(ids += 1)}`, now, deadline: now + SECOND });
}

/** Appends as this process does. */
const appendHere = async (...entries: string[]) =>
  append(
    entries,
    withPokes(store, (log) => watch.poke(log)),
  );
/** Appends as another process does, of which nobody here is told. */
const appendElsewhere = (...entries: string[]) => append(entries);

interface Ears {
  heard: string[];
  /** When it heard something, ms after the start. */
  at: number[];
  missed: number;
  leave(): void;
  ended: Promise<WatchEnd>;
}

function listen(
  given: Partial<Pick<LogListener<string>, 'store' | 'since' | 'reads'>> = {},
  by: LogWatch<string> = watch,
): Ears {
  const leaving = new AbortController();
  const ears: Ears = { heard: [], at: [], missed: 0, leave: () => leaving.abort(), ended: Promise.resolve('left') };
  const listener: LogListener<string> = {
    store,
    since: clock.now(),
    ...given,
    signal: leaving.signal,
    heard({ entries, missed }) {
      ears.heard.push(...entries);
      ears.at.push(clock.now() - START);
      if (missed) ears.missed += 1;
    },
  };
  ears.ended = by.watch('log', listener);
  return ears;
}

describe('what it logs', () => {
  test.each([
    ['a store that fails', false, 1],
    ['one that was closed behind whoever left', true, 0],
  ])('%s', async (_what, isLeft, expected) => {
    const logged: string[] = [];
    const failing = Promise.withResolvers<never>();
    const runtime = {
      now: () => clock.now(),
      sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal),
      random: () => 0.5,
      log: (_level: string, message: string) => void logged.push(message),
    };
    const ears = listen(
      { store: { ...store, read: () => failing.promise } },
      createLogWatch<string>(runtime, () => null),
    );
    await clock.advance(0);
    if (isLeft) ears.leave();
    failing.reject(new Error('the store is closed'));
    await clock.advance(0);
    expect(logged).toHaveLength(expected);
    ears.leave();
    await clock.advance(MINUTE);
    expect(await ears.ended).toBe('left');
  });
});

describe('when it looks', () => {
  test('a commit of this process is heard at once after idling, and then in batches of 200 ms', async () => {
    const ears = listen();
    await clock.advance(5 * MINUTE);
    await appendHere('a');
    await clock.advance(0);
    expect(ears.at).toEqual([5 * MINUTE]);
    for (const each of ['b', 'c', 'd', 'e']) {
      await clock.advance(40);
      await appendHere(each);
    }
    await clock.advance(SECOND);
    expect(ears.heard).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(ears.at).toEqual([5 * MINUTE, 5 * MINUTE + 200]);
  });

  test('a commit that comes while it reads is read afterwards', async () => {
    const holds: (() => void)[] = [];
    let isHeld = false;
    const slow: LogListener<string>['store'] = {
      ...store,
      async read(...given) {
        const page = await store.read(...given);
        if (isHeld) await new Promise<void>((resolve) => holds.push(resolve));
        return page;
      },
    };
    const ears = listen({ store: slow });
    await clock.advance(MINUTE);
    isHeld = true;
    await appendHere('a');
    await clock.advance(0);
    await appendHere('b');
    isHeld = false;
    for (const release of holds) release();
    await clock.advance(300);
    expect(ears.heard).toEqual(['a', 'b']);
  });

  test('what another process appends is heard within a second while things change, and within 11 s after idling', async () => {
    const ears = listen();
    await clock.advance(HOUR + 137);
    const delays: number[] = [];
    for (let change = 0; change < 40; change += 1) {
      const before = clock.now() - START;
      await appendElsewhere(`${change}`);
      await clock.advance(change === 0 ? 11 * SECOND : 1_700);
      delays.push((ears.at[change] ?? Number.NaN) - before);
      if (change === 0) {
        // It looks often again from the next one on.
        await appendElsewhere('near');
        await clock.advance(11 * SECOND);
        ears.at.pop();
        await appendElsewhere('nearer');
        await clock.advance(3 * SECOND);
        ears.at.pop();
      }
    }
    expect(delays[0]).toBeLessThanOrEqual(11 * SECOND);
    expect(Math.max(...delays.slice(1))).toBeLessThanOrEqual(SECOND);
  });

  test('an idle log is read 0.1 times a second, however many listen', async () => {
    const counted = countCalls(store);
    const all = Array.from({ length: 12 }, () => listen({ store: counted.store }));
    await clock.advance(10 * MINUTE);
    counted.reset();
    await clock.advance(20 * MINUTE);
    expect(counted.total()).toBeLessThanOrEqual(0.1 * 20 * 60);
    expect(counted.total()).toBeGreaterThan(0.09 * 20 * 60);
    expect(counted.calls()).toEqual({ read: counted.total() });
    await appendHere('a');
    await clock.advance(0);
    expect(all.every(({ heard }) => heard.join() === 'a')).toBe(true);
  });

  test.each(['this', 'another'])('a clock that is set back delays nothing of what %s process appends', async (who) => {
    const inner = clock;
    let behind = 0;
    clock = { ...inner, now: () => inner.now() - behind };
    const ears = listen();
    await appendHere('before');
    await clock.advance(SECOND);
    behind = HOUR;
    await (who === 'this' ? appendHere('after') : appendElsewhere('after'));
    await clock.advance(11 * SECOND);
    expect(ears.heard).toEqual(['before', 'after']);
    await clock.advance(MINUTE);
    await appendElsewhere('later');
    await clock.advance(16 * SECOND);
    expect(ears.heard).toEqual(['before', 'after', 'later']);
    expect(ears.missed).toBe(0);
  });

  test('a store that fails is asked again, ever less often, and heard when it is back', async () => {
    const counted = countCalls(store);
    let isDown = false;
    const failing: LogListener<string>['store'] = {
      ...counted.store,
      read: async (...given) => {
        const page = await counted.store.read(...given);
        if (isDown) throw new Error('down');
        return page;
      },
    };
    const ears = [listen({ store: failing }), listen({ store: failing })];
    await clock.advance(MINUTE);
    isDown = true;
    counted.reset();
    await appendHere('a');
    await clock.advance(10 * MINUTE);
    expect(ears.map(({ heard }) => heard)).toEqual([[], []]);
    expect(counted.total()).toBeGreaterThan(50);
    expect(counted.total()).toBeLessThan(70);
    isDown = false;
    await clock.advance(11 * SECOND);
    expect(ears.map(({ heard }) => heard)).toEqual([['a'], ['a']]);
  });
});

describe('what is heard', () => {
  test('what was appended within the window is heard by the first who comes, and by those who come later', async () => {
    await appendElsewhere('long ago');
    await clock.advance(MINUTE);
    await appendElsewhere('before');
    await clock.advance(10 * SECOND);
    const window = { since: clock.now() - 30 * SECOND };
    const first = listen(window);
    await clock.advance(2 * SECOND);
    await appendHere('after');
    await clock.advance(SECOND);
    const counted = countCalls(store);
    const second = listen({ ...window, store: counted.store });
    await clock.advance(0);
    for (const ears of [first, second]) {
      expect(ears.heard).toEqual(['before', 'after']);
      expect(ears.missed).toBe(0);
    }
    // It was told from what the first one read.
    expect(counted.total()).toBe(0);
  });

  test('who asks for more than is kept is told that it missed something, if there was anything', async () => {
    await appendElsewhere('before that');
    await clock.advance(MINUTE);
    const asked = clock.now();
    await clock.advance(MINUTE);
    await appendElsewhere('of that time');
    await clock.advance(2 * MINUTE);
    listen();
    await clock.advance(10 * SECOND);
    const late = [asked, asked + 90 * SECOND].map((since) => listen({ since }));
    const unsure = listen({ since: asked + 90 * SECOND, reads: { left: 1 } });
    const failing = { ...store, seek: () => Promise.reject(new Error('down')) };
    const unread = listen({ since: asked + 90 * SECOND, store: failing });
    await clock.advance(0);
    expect(late.map(({ heard, missed }) => [heard, missed])).toEqual([
      [[], 1],
      [[], 0],
    ]);
    expect([unsure.missed, unread.missed]).toEqual([1, 1]);
    await appendHere('after');
    await clock.advance(SECOND);
    expect(late.map(({ heard }) => heard)).toEqual([['after'], ['after']]);
  });

  test('who asks for what was trimmed is told that it missed something', async () => {
    for (let many = 0; many < 3; many += 1) {
      await appendElsewhere(`${many}`);
      await clock.advance(SECOND);
    }
    await store.trim('log', { now: clock.now(), keep: 1, limit: 100 });
    await clock.advance(4 * MINUTE);
    listen();
    await clock.advance(10 * SECOND);
    const [whole, after] = [START, START + MINUTE].map((since) => listen({ since }));
    await clock.advance(0);
    expect([whole?.missed, after?.missed]).toEqual([1, 0]);
  });

  test('who asks for the last minute missed nothing, whatever the first one asked for', async () => {
    listen();
    await clock.advance(10 * SECOND);
    const late = listen({ since: clock.now() - MINUTE });
    await clock.advance(0);
    expect(late).toMatchObject({ heard: [], missed: 0 });
  });

  test('who asks from a time to come does not make others miss something', async () => {
    const early = listen({ since: START + HOUR });
    await clock.advance(2 * MINUTE);
    const ears = listen({ since: clock.now() - MINUTE });
    await appendHere('a');
    await clock.advance(SECOND);
    expect([early.missed, ears.missed, ears.heard]).toEqual([0, 0, ['a']]);
  });

  test('entries of no interest are not heard; those that cannot be read are told as missed', async () => {
    const ears = listen();
    await clock.advance(SECOND);
    await appendHere('of no interest');
    await clock.advance(SECOND);
    expect(ears).toMatchObject({ heard: [], at: [], missed: 0 });
    await appendHere('unreadable', 'readable');
    await clock.advance(SECOND);
    expect(ears).toMatchObject({ heard: ['readable'], missed: 1 });
  });

  test('a flood is passed over and told as missed, and what comes after it is heard', async () => {
    const ears = listen();
    await clock.advance(SECOND);
    for (let many = 0; many < 10; many += 1) {
      await appendElsewhere(...Array.from({ length: 500 }, (_, index) => `${many} ${index}`));
    }
    await clock.advance(2 * SECOND);
    expect(ears.missed).toBeGreaterThan(0);
    await appendHere('after');
    await clock.advance(SECOND);
    expect(ears.heard.at(-1)).toBe('after');
  });

  test('a log that was trimmed further than it was read is told as missed', async () => {
    await appendElsewhere('old');
    await clock.advance(1);
    const ears = listen();
    await clock.advance(10 * MINUTE);
    await appendElsewhere('a', 'b', 'c');
    await store.trim('log', { now: clock.now(), keep: 1, limit: 100 });
    await clock.advance(11 * SECOND);
    expect(ears).toMatchObject({ heard: ['c'], missed: 1 });
  });

  test('10,000 appends by two processes: each listener hears the last of every name', async () => {
    const all = Array.from({ length: 5 }, () => listen());
    const names = 97;
    for (let change = 0; change < 10_000; change += 1) {
      const entry = `n${(change * 31) % names} ${change}`;
      await (change % 3 === 0 ? appendHere(entry) : appendElsewhere(entry));
      if (change % 7 === 0) await clock.advance((change * 13) % 40);
      if (change % 1_000 === 500) {
        all.shift()?.leave();
        all.push(listen());
      }
    }
    await clock.advance(2 * SECOND);
    for (const { heard, missed } of all.slice(0, 1)) {
      expect(missed).toBe(0);
      const latest = new Map(heard.map((entry) => entry.split(' ') as [string, string]));
      expect(latest.size).toBe(names);
      expect(Math.min(...[...latest.values()].map(Number))).toBe(10_000 - names);
    }
  });
});

describe('who reads', () => {
  test('when the leader leaves, another one reads on at once', async () => {
    const [first, second] = [countCalls(store), countCalls(store)];
    const leader = listen({ store: first.store });
    await clock.advance(SECOND);
    const other = listen({ store: second.store });
    await clock.advance(MINUTE);
    expect(second.total()).toBe(0);
    leader.leave();
    expect(await leader.ended).toBe('left');
    await appendHere('a');
    await clock.advance(0);
    expect(other.heard).toEqual(['a']);
    expect(second.total()).toBeGreaterThan(0);
  });

  test.each(['while it sleeps', 'while it reads'])(
    'when the leader vanishes %s without a word, one of 50 others reads on',
    async (when) => {
      let isGone = false;
      const never = new Promise<never>(() => {});
      const runtime = {
        now: () => clock.now(),
        random: () => 0.5,
        log: () => {},
        // The leader's timers never fire again, as on Workers.
        sleep: async (ms: number, signal?: AbortSignal) => {
          const isLeaders = leads;
          leads = false;
          await clock.sleep(ms, signal);
          if (isLeaders && isGone) await never;
        },
      };
      let leads = false;
      const shared = createLogWatch<string>(runtime, (_log, { value }) => value as string);
      const of: LogListener<string>['store'] = {
        ...store,
        async read(...given) {
          if (isGone && when === 'while it reads') await never;
          leads = true;
          return store.read(...given);
        },
      };
      listen({ store: of }, shared);
      await clock.advance(100);
      const counted = countCalls(store);
      const others = Array.from({ length: 50 }, () => listen({ store: counted.store }, shared));
      await clock.advance(MINUTE);
      expect(counted.total()).toBe(0);
      isGone = true;
      await appendElsewhere('a');
      await clock.advance(16 * SECOND);
      expect(others.every(({ heard }) => heard.join() === 'a')).toBe(true);
      counted.reset();
      await clock.advance(10 * MINUTE);
      expect(counted.total()).toBeLessThan(0.1 * 600 + 15);
    },
  );

  test('who has read as often as it may hands the lead over; when nobody may, the watch ends', async () => {
    const budgets = [30, 20, 10].map((left) => ({ left }));
    const all = budgets.map((reads) => listen({ reads }));
    const ends: WatchEnd[] = [];
    for (const { ended } of all) void ended.then((end) => ends.push(end));
    await clock.advance(5 * MINUTE);
    expect(ends).toEqual([]);
    await appendHere('a');
    await clock.advance(SECOND);
    expect(all.every(({ heard }) => heard.join() === 'a')).toBe(true);
    await clock.advance(10 * MINUTE);
    expect(ends).toEqual(['spent', 'spent', 'spent']);
    expect(budgets.every(({ left }) => left === 0)).toBe(true);
  });

  test('nothing is read when nobody listens any more', async () => {
    const counted = countCalls(store);
    const ears = listen({ store: counted.store });
    await clock.advance(MINUTE);
    ears.leave();
    await ears.ended;
    counted.reset();
    await appendHere('a');
    await clock.advance(HOUR);
    expect(counted.total()).toBe(0);
  });
});

test('a commit that conflicts pokes nobody, and one without an answer does', async () => {
  const poked: string[] = [];
  const answers = [
    { status: 'conflict' as const, conflicts: [] },
    { status: 'unknown' as const, cause: null },
  ];
  const failing: Store = { ...store, commit: async () => answers.shift() ?? { status: 'unknown', cause: null } };
  const poking = withPokes(failing, (log) => poked.push(log));
  await append(['a'], poking);
  expect(poked).toEqual([]);
  await append(['a'], poking);
  expect(poked).toEqual(['log']);
});

test('a view of the store that counts requests pokes too', async () => {
  const poked: string[] = [];
  const observing: Store = { ...store, observed: () => store };
  const view = countCalls(withPokes(observing, (log) => poked.push(log))).store;
  await append(['a'], view);
  expect(poked).toEqual(['log']);
});
