/** Who works next: at once where nobody waits, otherwise the cheapest, and nobody for ever. */
import { expect, test } from 'vitest';
import { TidegateError } from '../../../../src/base/errors.ts';
import type { TurnBounds } from '../../../../src/hosts/node/turns/room.ts';
import { createWorkTurns, type OpenWork } from '../../../../src/hosts/node/turns/turns.ts';

const KIB = 1_024;

function stage(bounds: Partial<TurnBounds> = {}) {
  let time = 1_000_000;
  let soon: (() => void)[] = [];
  const watches = new Set<() => void>();
  const turns = createWorkTurns(
    { bytes: 1_024 * KIB, waits: 2, restingBytes: 100 * KIB, ...bounds },
    {
      now: () => time,
      soon: (run) => void soon.push(run),
      settled: (run) => void Promise.resolve().then(() => process.nextTick(run)),
      every(_ms, run) {
        watches.add(run);
        return { stop: () => void watches.delete(run) };
      },
      overloaded: () => new TidegateError('overloaded', 'later'),
    },
  );
  const around = { spent: 0, at: time };
  return {
    turns,
    watches,
    open: (share = { spent: 0, at: time }) => turns.open(share, around),
    pass: (ms: number) => (time += ms),
    /** One pass of the event loop. */
    loop: async (): Promise<void> => {
      const due = soon;
      soon = [];
      for (const run of due) run();
      await new Promise((resolve) => setImmediate(resolve));
    },
    look: () => [...watches].forEach((run) => run()),
  };
}

function asked(work: OpenWork, bytes: number, name: string, order: string[]): Promise<void> {
  return Promise.resolve(work.turn(bytes)).then(
    () => void order.push(name),
    (error: TidegateError) => void order.push(`${name}: ${error.code}`),
  );
}

test('a turn comes at once where nobody waits', () => {
  const { open } = stage();
  expect([open().turn(KIB), open().turn(KIB)]).toEqual([null, null]);
});

/** Asks for a turn, and works for so long once it has it. */
async function works(work: OpenWork, bytes: number, ms: number, pass: (ms: number) => void): Promise<void> {
  await work.turn(bytes);
  pass(ms);
  work.answered();
}

test('once turns have held the loop for long, others run first, and the cheapest of those that wait goes next', async () => {
  const { open, pass, loop } = stage();
  const order: string[] = [];
  void open().turn(KIB);
  pass(20);
  void asked(open(), 500 * KIB, 'dear', order).finally(() => pass(10));
  void asked(open(), 20 * KIB, 'cheap', order).finally(() => pass(10));
  await Promise.resolve();
  expect(order).toEqual([]);
  await loop();
  expect(order).toEqual(['cheap']);
  await loop();
  expect(order).toEqual(['cheap', 'dear']);
});

test('a pass gives turns until its time is over, one after the other', async () => {
  const { open, pass, loop, turns } = stage();
  void open().turn(KIB);
  pass(20);
  for (let each = 0; each < 20; each += 1) void works(open(), 20 * KIB, 1, pass);
  await loop();
  expect(turns.state().waiting).toBe(12);
});

test('where sockets take most of a pass, turns get as long', async () => {
  const { open, pass, loop, turns } = stage();
  void open().turn(KIB);
  pass(20);
  for (let each = 0; each < 200; each += 1) void works(open(), 20 * KIB, 1, pass);
  await loop();
  expect(turns.state().waiting).toBe(192);
  pass(50);
  await loop();
  expect(turns.state().waiting).toBe(142);
  pass(500);
  await loop();
  expect(turns.state().waiting).toBe(62);
});

test('of two that ask for the same, the one whose connection asked for less goes first', async () => {
  const { open, pass, loop } = stage();
  const order: string[] = [];
  const busy = { spent: 0, at: 1_000_000 };
  void open(busy).turn(500 * KIB);
  pass(20);
  void asked(open(busy), 100 * KIB, 'busy', order);
  void asked(open(), 100 * KIB, 'quiet', order);
  for (let each = 0; each < 3; each += 1) await loop();
  expect(order).toEqual(['quiet', 'busy']);
});

test('what began and asks for little goes before all that begin, whatever its connection asked for', async () => {
  const { open, pass, loop } = stage();
  const order: string[] = [];
  const begun = open({ spent: 10_000 * KIB, at: 1_000_000 });
  void begun.turn(KIB);
  pass(20);
  void asked(open({ spent: KIB, at: 1_000_000 }), KIB, 'first', order);
  void asked(begun, KIB, 'begun', order);
  await loop();
  expect(order).toEqual(['begun', 'first']);
});

test('the more one request has taken, the later it goes on with much', async () => {
  const { open, pass, loop } = stage();
  const order: string[] = [];
  const batch = open();
  for (let each = 0; each < 5; each += 1) void batch.turn(50 * KIB);
  pass(20);
  void asked(batch, 50 * KIB, 'batch', order);
  void asked(open(), 150 * KIB, 'page', order);
  await loop();
  expect(order).toEqual(['page', 'batch']);
});

test('so many requests keep much at a time; small pages pass those that wait for it, and whoever has its answer makes room', async () => {
  const { open, loop, turns } = stage({ bytes: 100_000 * KIB });
  const order: string[] = [];
  const large = Array.from({ length: 17 }, () => open());
  for (const one of large) void asked(one, 200 * KIB, 'large', order);
  await loop();
  expect([order.length, turns.state().waiting]).toEqual([16, 1]);
  void asked(open(), 100 * KIB, 'page', order);
  await loop();
  expect(order.at(-1)).toBe('page');
  large[0]?.answered();
  await loop();
  expect([order.length, turns.state().waiting]).toEqual([18, 0]);
});

test('a request that keeps much and waits elsewhere for long keeps no other back', async () => {
  const { open, pass, look, loop, turns } = stage({ bytes: 100_000 * KIB });
  const order: string[] = [];
  for (let each = 0; each < 17; each += 1) {
    const one = open();
    void one.turn(KIB);
    void asked(one, 200 * KIB, 'large', order);
  }
  await loop();
  expect(turns.state().waiting).toBe(1);
  pass(5_100);
  look();
  await loop();
  expect(order).toHaveLength(17);
});

test('one that keeps much and waits for a further turn stays one of them, however long it waits', async () => {
  const { open, pass, look, loop, turns } = stage({ bytes: 100_000 * KIB });
  const order: string[] = [];
  const large = Array.from({ length: 16 }, () => open());
  for (const one of large) void asked(one, 200 * KIB, 'large', order);
  await loop();
  void open().turn(KIB);
  pass(20);
  for (const one of large) void asked(one, 200 * KIB, 'again', order);
  for (let each = 0; each < 16; each += 1) void asked(open(), 200 * KIB, 'new', order);
  pass(5_100);
  look();
  await loop();
  expect(order.filter((name) => name === 'again')).toHaveLength(16);
  expect(order.filter((name) => name === 'new')).toEqual([]);
  expect(turns.state().waiting).toBe(0);
});

test('two reads of one request that keep much need one place', async () => {
  const { open, pass, loop } = stage({ bytes: 100_000 * KIB });
  const order: string[] = [];
  void open().turn(KIB);
  pass(20);
  for (let each = 0; each < 16; each += 1) {
    const one = open();
    void asked(one, 200 * KIB, 'one', order);
    void asked(one, 200 * KIB, 'other', order);
  }
  await loop();
  expect(order).toHaveLength(32);
});

test('what works on for a client that has gone keeps its bounds', async () => {
  const { open, loop, turns } = stage({ bytes: 1_000 * KIB });
  const order: string[] = [];
  const gone = Array.from({ length: 3 }, () => open());
  for (const one of gone) {
    void one.turn(KIB);
    one.end();
  }
  for (const one of gone) void asked(one, 900 * KIB, 'gone', order);
  await loop();
  expect([order.length, turns.state().waiting]).toEqual([1, 2]);
  gone[0]?.answered();
  await loop();
  expect(order).toHaveLength(2);
});

test('a pause between two pieces of work is no further work', async () => {
  const { open, pass, loop, turns } = stage({ bytes: 100_000 * KIB });
  for (let each = 0; each < 16; each += 1) void open().turn(200 * KIB);
  const small = open();
  void small.turn(60 * KIB);
  let paused = 0;
  for (let each = 0; each < 4; each += 1) {
    void small.pace?.();
    pass(20);
    void small.pace?.()?.then(() => (paused += 1));
    await loop();
  }
  expect(paused).toBe(4);
  expect(turns.state().bytes).toBe((16 * 200 + 60) * KIB);
});

test('an address that has asked for nothing for a while is judged by what is left of it', async () => {
  const { turns, pass, loop } = stage();
  const order: string[] = [];
  const quiet = { spent: 80_000 * KIB, at: 1_000_000 };
  pass(60_000);
  const other = { spent: 100 * KIB, at: 1_060_000 };
  void turns.open({ spent: 0, at: 1_060_000 }, other).turn(KIB);
  pass(20);
  void asked(turns.open({ spent: 0, at: 1_060_000 }, other), KIB, 'other', order);
  void asked(turns.open({ spent: 0, at: 1_060_000 }, quiet), KIB, 'quiet', order);
  await loop();
  expect(order).toEqual(['quiet', 'other']);
});

test('what was spent without a turn counts when the connection begins again', async () => {
  const { open, pass, loop } = stage();
  const order: string[] = [];
  const [writer, reader] = [
    { spent: 0, at: 1_000_000 },
    { spent: 0, at: 1_000_000 },
  ];
  open(writer).spend?.(1_000 * KIB);
  void open().turn(KIB);
  pass(20);
  void asked(open(writer), KIB, 'writer', order);
  void asked(open(reader), KIB, 'reader', order);
  await loop();
  expect(order).toEqual(['reader', 'writer']);
});

test('a turn that held the loop for long counts as much more', async () => {
  const { open, pass, loop } = stage();
  const order: string[] = [];
  const slow = { spent: 0, at: 1_000_000 };
  void open().turn(KIB);
  pass(20);
  void works(open(slow), 20 * KIB, 7, pass);
  await loop();
  pass(20);
  await loop();
  void open().turn(KIB);
  pass(20);
  void asked(open(slow), KIB, 'slow', order);
  void asked(open(), KIB, 'other', order);
  await loop();
  expect(order).toEqual(['other', 'slow']);
});

test('what turns hold together has a bound, and a dear one that waits keeps no cheap one back', async () => {
  const { open, loop, turns } = stage();
  const order: string[] = [];
  const first = open();
  void first.turn(800 * KIB);
  void asked(open(), 400 * KIB, 'dear', order);
  void asked(open(), 100 * KIB, 'cheap', order);
  await loop();
  await loop();
  expect(order).toEqual(['cheap']);
  first.answered();
  await loop();
  expect(order).toEqual(['cheap', 'dear']);
  expect(turns.state().bytes).toBe(500 * KIB);
});

test('a first turn that does not come is refused, and a later one is not', async () => {
  const { open, pass, look, watches } = stage({ bytes: 100 * KIB });
  const order: string[] = [];
  const later = open();
  void later.turn(KIB);
  const holder = open();
  void holder.turn(99 * KIB);
  void asked(later, 50 * KIB, 'later', order);
  void asked(open(), 50 * KIB, 'first', order);
  pass(900);
  look();
  // Whoever holds asks again and again, so that what is held does not lapse.
  void holder.turn(99 * KIB)?.catch(() => {});
  pass(4_200);
  look();
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual(['first: overloaded']);
  expect(watches.size).toBe(1);
});

test('what is held for long lapses, so that nobody waits for somebody who waits elsewhere', async () => {
  const { open, pass, look, loop } = stage({ bytes: 100 * KIB });
  const order: string[] = [];
  void open().turn(99 * KIB);
  void asked(open(), 50 * KIB, 'next', order);
  pass(1_100);
  look();
  await loop();
  expect(order).toEqual(['next']);
});

test('so many wait at a time, and so many bytes; whoever goes on makes room', () => {
  const { open, turns } = stage();
  const [first, second, third] = [open(), open(), open()];
  expect([first.rest(KIB), second.rest(KIB), third.rest(KIB)]).toEqual([true, true, false]);
  first.end();
  expect(third.rest(200 * KIB)).toBe(false);
  expect(third.rest(KIB)).toBe(true);
  void second.turn(KIB);
  third.end();
  expect(turns.state().resting).toBe(0);
});

test('the size of entries is learned', () => {
  const work = stage().open();
  work.took('log', 4_000);
  work.took('log', 2_000);
  expect([work.entryBytes('log'), work.entryBytes('other')]).toEqual([3_000, 1_024]);
});

test('what is held lapses also where nobody waits any more', async () => {
  const { turns, open, pass, look, loop, watches } = stage({ bytes: 64 * KIB });
  const kept = open();
  expect(kept.turn(64 * KIB)).toBeNull();
  const order: string[] = [];
  const waiting = asked(open(), 32 * KIB, 'second', order);
  kept.answered();
  await loop();
  await waiting;
  look();
  expect([order, turns.state()]).toEqual([['second'], { waiting: 0, bytes: 32 * KIB, resting: 0 }]);
  pass(2_000);
  look();
  look();
  expect([turns.state().bytes, watches.size]).toEqual([0, 0]);
});
