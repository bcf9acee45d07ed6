/** What requests share of an isolate: nobody waits for another's work, and what an invocation held that ended without a word lapses. */
import { expect, test } from 'vitest';
import { createShares, type IsolateBounds, type IsolateShare } from '../../../src/hosts/workers/shares.ts';

const KIB = 1_024;

/** A time that whoever sleeps moves on. */
function stage(bounds: Partial<IsolateBounds> = {}) {
  let time = 1_000_000;
  const shares = createShares(
    { open: 10, begun: 2, waits: 2, bytes: 100 * KIB, ...bounds },
    {
      now: () => time,
      random: () => 0.5,
      async sleep(ms) {
        await new Promise((resolve) => setImmediate(resolve));
        time += ms;
      },
    },
  );
  return { ...shares, now: () => time, pass: (ms: number) => (time += ms) };
}

const refused = (share: IsolateShare, bytes: number) =>
  Promise.resolve(share.work.turn(bytes)).then(
    () => null,
    (error: { code: string }) => error.code,
  );

test('so many begin; a small one waits for its place, and a large one is refused', async () => {
  const { open, now } = stage();
  const [first, second, third, large] = [open(), open(), open(), open()];
  expect([first.work.turn(KIB), second.work.turn(KIB)]).toEqual([null, null]);
  const begun = now();
  expect(await refused(large, 50 * KIB)).toBe('overloaded');
  expect(now()).toBe(begun);
  const waits = refused(third, KIB);
  second.end();
  expect(await waits).toBeNull();
});

test('who finds no place within 5 s is refused', async () => {
  const { open, now } = stage({ begun: 1 });
  void open().work.turn(KIB);
  const begun = now();
  expect(await refused(open(), KIB)).toBe('overloaded');
  expect(now() - begun).toBeGreaterThanOrEqual(5_000);
});

test('what is read together has a bound, and a request that began gets its turn however long it takes', async () => {
  const { open, now, pass } = stage();
  const [first, second] = [open(), open()];
  void first.work.turn(90 * KIB);
  expect(second.work.turn(KIB)).toBeNull();
  const begun = now();
  const waits = refused(second, 50 * KIB);
  for (let each = 0; each < 20; each += 1) await new Promise((resolve) => setImmediate(resolve));
  pass(6_000);
  first.end();
  expect(await waits).toBeNull();
  expect(now() - begun).toBeGreaterThan(6_000);
});

test('what is larger than all the room is read where nothing else is', () => {
  expect(
    stage()
      .open()
      .work.turn(500 * KIB),
  ).toBeNull();
});

test('so many wait at a time, and keep so many bytes', () => {
  const { open } = stage({ begun: 3 });
  const waiting = [open(), open()];
  for (const share of waiting) {
    void share.work.turn(KIB);
    expect(share.work.rest(KIB)).toBe(true);
  }
  const third = open();
  expect(third.work.turn(KIB)).toBeNull();
  expect(third.work.rest(KIB)).toBe(false);
  waiting[0]?.end();
  expect(third.work.rest(100 * KIB)).toBe(false);
  expect(third.work.rest(50 * KIB)).toBe(true);
});

test('so many are open, and one that ends makes room', () => {
  const { open, isFull } = stage({ open: 2 });
  const shares = [open(), open()];
  expect(isFull()).toBe(false);
  shares.push(open());
  expect(isFull()).toBe(true);
  shares[0]?.end();
  expect(isFull()).toBe(false);
});

test('what an invocation left behind that ended without a word lapses', async () => {
  const { open, isFull, pass } = stage({ open: 1, begun: 1 });
  void open().work.turn(KIB);
  pass(121_000);
  const second = open();
  expect(isFull()).toBe(false);
  expect(await refused(second, KIB)).toBeNull();
});

test('bytes that are held for long lapse, since what is read is worked on at once', async () => {
  const { open, pass } = stage();
  void open().work.turn(90 * KIB);
  const second = open();
  void second.work.turn(KIB);
  pass(10_001);
  expect(await refused(second, 50 * KIB)).toBeNull();
});

test('one that lapsed and goes on takes up nothing, and gives nothing back that it does not have', () => {
  const { open, isFull, pass } = stage({ open: 1, begun: 1 });
  const old = open();
  void old.work.turn(KIB);
  pass(121_000);
  open();
  open();
  expect(isFull()).toBe(true);
  old.end();
  old.end();
  expect(old.work.rest(KIB)).toBe(true);
});

test('the size of entries is learned', () => {
  const { work } = stage().open();
  work.took('log', 4_000);
  work.took('log', 2_000);
  expect([work.entryBytes('log'), work.entryBytes('other')]).toEqual([3_000, 1_024]);
});

test('of those that look for room the cheap find it before the dear', async () => {
  const { open } = stage({ begun: 100 });
  const holder = open();
  void holder.work.turn(100 * KIB);
  const order: string[] = [];
  const looks = async (name: string, bytes: number) => {
    const share = open();
    void share.work.turn(KIB);
    await share.work.turn(bytes);
    order.push(name);
    await Promise.resolve();
    share.end();
  };
  const all = [looks('dear', 90 * KIB)];
  for (let at = 0; at < 8; at += 1) all.push(looks('cheap', 20 * KIB));
  holder.end();
  await Promise.all(all);
  expect(order).toHaveLength(9);
  expect(order.at(-1)).toBe('dear');
});
