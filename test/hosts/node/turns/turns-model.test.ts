/** Turns over many orders of arriving, waiting, answering, resting and leaving: nobody waits for ever, and nothing stays held. */
import { expect, test } from 'vitest';
import { TidegateError } from '../../../../src/base/errors.ts';
import { createWorkTurns, type OpenWork } from '../../../../src/hosts/node/turns/turns.ts';

const KIB = 1_024;
const BOUND = 1_024 * KIB;
/** Of a wait of a request that has begun, with a look more. */
const MOST_WAIT_MS = 20_200;
const LONGEST_STEP_MS = 6_000;

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

function stage() {
  let time = 1_000_000;
  let soon: (() => void)[] = [];
  const watches = new Set<() => void>();
  const turns = createWorkTurns(
    { bytes: BOUND, waits: 20, restingBytes: BOUND },
    {
      now: () => time,
      soon: (run) => void soon.push(run),
      settled: (run) => void Promise.resolve().then(() => process.nextTick(run)),
      every(_ms, run) {
        watches.add(run);
        return { stop: () => void watches.delete(run) };
      },
      overloaded: (isBegun) => new TidegateError('overloaded', isBegun ? 'gave up' : 'not begun'),
    },
  );
  return {
    turns,
    open: () => turns.open({ spent: 0, at: time }, { spent: 0, at: time }),
    now: () => time,
    /** Time goes by: looks are taken, and passes of the loop are run. */
    pass: async (ms: number): Promise<void> => {
      time += ms;
      for (const run of watches) run();
      for (let each = 0; each < 3; each += 1) {
        const due = soon;
        soon = [];
        for (const run of due) run();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

test.each(Array.from({ length: 12 }, (_, seed) => seed + 1))(
  'every wait ends, and all is released: seed %i',
  async (seed) => {
    const random = randomFrom(seed);
    const { turns, open, now, pass } = stage();
    const here: OpenWork[] = [];
    const waits = new Set<{ since: number }>();
    let longest = 0;
    const pick = () => here[Math.floor(random() * here.length)];
    const sizeOf = () => [37, 3_000, 90 * KIB, 200 * KIB, 3 * BOUND][Math.floor(random() * 5)] ?? 0;

    function ask(work: OpenWork): void {
      if (random() < 0.3) work.took('log', sizeOf());
      const asked = work.turn(random() < 0.5 ? sizeOf() * random() : work.entryBytes('log') * 7.3);
      if (asked === null) return;
      const wait = { since: now() };
      waits.add(wait);
      void Promise.allSettled([asked]).then(() => {
        longest = Math.max(longest, now() - wait.since);
        return waits.delete(wait);
      });
    }

    for (let step = 0; step < 1_500; step += 1) {
      const work = pick();
      const dice = random();
      if (work === undefined || dice < 0.2) here.push(open());
      else if (dice < 0.65) ask(work);
      else if (dice < 0.7) work.spend?.(65_536);
      else if (dice < 0.75) work.rest(sizeOf() * random());
      else if (dice < 0.8) work.answered();
      else if (dice < 0.85) here.splice(here.indexOf(work), 1)[0]?.end();
      else await pass(random() < 0.05 ? LONGEST_STEP_MS : random() * 200);
    }
    for (const work of here) work.end();
    for (let each = 0; each < 220; each += 1) await pass(100);
    expect([waits.size, turns.state().waiting]).toEqual([0, 0]);
    expect(longest).toBeLessThan(MOST_WAIT_MS + LONGEST_STEP_MS);

    // One that asks for more than all there is gets its turn, which it does where nothing is held.
    const last = open();
    void last.turn(KIB);
    let isDone = false;
    void Promise.resolve(last.turn(2 * BOUND)).then(() => (isDone = true));
    for (let each = 0; each < 15; each += 1) await pass(100);
    expect(isDone).toBe(true);
    last.end();
    expect(turns.state()).toEqual({ waiting: 0, bytes: 0, resting: 0 });
  },
);

test('what is held in parts of a byte is released whole', async () => {
  const { turns, open, pass } = stage();
  const works = [0.1, 0.2, 0.3, 0.7, 1.1].map((part) => {
    const work = open();
    void work.turn(1_000 + part);
    return work;
  });
  for (const work of works) work.end();
  expect(turns.state().bytes).toBe(0);
  const page = open();
  void page.turn(KIB);
  await pass(20);
  let isDone = false;
  void Promise.resolve(page.turn(2 * BOUND)).then(() => (isDone = true));
  await pass(100);
  expect(isDone).toBe(true);
});

test('a later turn that does not come is refused, unless something was written for the request', async () => {
  const { open, pass } = stage();
  const told: string[] = [];
  const [reader, writer] = [open(), open()];
  for (const one of [reader, writer]) void one.turn(KIB);
  writer.spend?.(65_536);
  void open().turn(KIB);
  for (const [name, one] of [
    ['reader', reader],
    ['writer', writer],
  ] as const) {
    Promise.resolve(one.turn(BOUND)).then(
      () => told.push(name),
      (error: TidegateError) => told.push(`${name}: ${error.message}`),
    );
  }
  for (let each = 0; each < 42; each += 1) {
    // Small ones come again and again, so that there is never room for all.
    await pass(500);
    void open().turn(KIB);
  }
  expect(told).toEqual(['reader: gave up', 'writer']);
});

test('a clock that was set back makes no wait longer', async () => {
  const { open, pass } = stage();
  const order: string[] = [];
  void open().turn(BOUND);
  Promise.resolve(open().turn(BOUND)).then(
    () => order.push('next'),
    () => order.push('refused'),
  );
  await pass(-3_600_000);
  await pass(1_100);
  expect(order).toEqual(['next']);
});
