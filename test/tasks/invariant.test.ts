/**
 * What holds of every task at every moment, whatever is done to it in whatever order, on a store that is as weak as one may
 * be: it has ended, or stands in the queue of what is due; it ends once; nothing that was remembered changes.
 */
import * as z from 'zod';
import { expect, test } from 'vitest';
import { fc } from '../properties.ts';
import { form } from '../../src/declare/ask.ts';
import { task } from '../../src/declare/task.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { isPresent, type Store } from '../../src/store/store.ts';
import { weaken } from '../store/weaknesses.ts';
import { hasEnded, type Header } from '../../src/tasks/records/header.ts';
import { taskPartition } from '../../src/tasks/records/names.ts';
import { ownPartition } from '../../src/tasks/records/list.ts';
import { REMEMBERED } from '../../src/tasks/records/remembered.ts';
import { assignmentKey } from '../../src/tasks/records/assignment.ts';
import { headerKey } from '../../src/tasks/records/header.ts';
import { seededRandom } from '../../src/store/contract/seeded.ts';
import { ADA, endsIn, EVE, type TaskStage, taskStage } from './stage.ts';
import { byDepth } from '../depth.ts';

const base = { description: 'a task of the test', version: '1' };
const yes = form('Go on?', z.object({ yes: z.boolean() }));

const TASKS = {
  long: task({
    ...base,
    policy: { attempts: 3, concurrency: { all: 2 } },
    async run(_input, { step, sleep, ask, uuid, page, progress }) {
      const drawn = uuid();
      await step('first', () => drawn);
      progress('the first is done');
      await Promise.all([step('side', () => 1), sleep(3_000), step('side', () => 2), ask('go', yes)]);
      const tried = await step('flaky', ({ attempt }) => {
        if (attempt === 1) throw new Error('not yet');
        return attempt;
      });
      await page(`page of ${drawn}`);
      const won = await Promise.race([
        ask('go', yes).then(() => 'answered'),
        sleep(5_000).then(() => 'slept'),
        step('quick', () => 'stepped').then(() => sleep(4_000).then(() => 'stepped')),
      ]);
      await step(`won/${won}`, () => won);
      const { action } = await ask('go', yes);
      return `${uuid() === drawn} ${tried} ${action}`;
    },
  }),
  short: task({ ...base, run: async () => 'done' }),
  fails: task({
    ...base,
    policy: { attempts: 2 },
    run: () => Promise.reject(new Error('no')),
  }),
  slow: task({
    ...base,
    policy: { totalMs: 30_000 },
    async run(_input, { sleep }) {
      for (;;) await sleep(7_000);
    },
  }),
};

type Op =
  | { op: 'begin'; task: keyof typeof TASKS; key: number; leased: boolean }
  | { op: 'work' }
  | { op: 'crash'; commit: number; after: boolean }
  | { op: 'race' }
  | { op: 'meet'; commit: number; with: 'answer' | 'cancel'; after: boolean }
  | { op: 'answer'; place: number; stranger: boolean; keys: string[] }
  | { op: 'cancel'; place: number; stranger: boolean }
  | { op: 'pass'; ms: number };

const ops: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('begin' as const),
      task: fc.constantFrom('long' as const, 'long' as const, 'short' as const, 'fails' as const, 'slow' as const),
      key: fc.nat(6),
      leased: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ op: 'work' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('crash' as const),
      commit: fc.integer({ min: 1, max: 6 }),
      after: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ op: 'race' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('meet' as const),
      commit: fc.integer({ min: 1, max: 5 }),
      with: fc.constantFrom('answer' as const, 'answer' as const, 'answer' as const, 'cancel' as const),
      after: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('answer' as const),
      place: fc.nat(9),
      stranger: fc.boolean(),
      keys: fc.subarray(['go', 'go:2', 'go:3', 'nobody'], { minLength: 1 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('cancel' as const), place: fc.nat(30), stranger: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('pass' as const), ms: fc.constantFrom(1, 999, 5_000, 31_000) }),
  },
);

const runs = byDepth(100, 300, 1_000);

test('every task has ended, or is due; it ends once; and what is remembered stays', { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(ops, { minLength: 5, maxLength: 40 }), fc.nat(), async (sequence, seed) => {
      const exact = createMemoryStore();
      const random = seededRandom(seed);
      const store = weaken(exact, { random, unknown: 0.1, staleDue: 0.3, halfVisible: true });
      const stage = taskStage(TASKS, store);
      const play = player(stage);
      const look = watcher(exact, stage);
      for (const op of sequence) {
        await play.step(op);
        await look.all(play.ids());
      }
      for (let round = 0; round < 40; round += 1) {
        for (const place of play.ids().keys())
          await play.step({ op: 'answer', place, stranger: false, keys: ['go', 'go:2', 'go:3'] });
        await play.step({ op: 'work' });
        await play.step({ op: 'pass', ms: 31_000 });
        await look.all(play.ids());
        if (await look.isOver(play.ids())) break;
      }
      expect(await look.isOver(play.ids())).toBe(true);
      // What was begun under one key is one task, however often its answer was lost.
      const { records } = await exact.list(ownPartition(ADA), { now: stage.clock.now, limit: 1_000 });
      expect(records).toHaveLength(play.ids().length);
    }),
    { numRuns: runs },
  );
});

/** Does what is told. Only a store that does not say what it did may refuse. */
function player(stage: TaskStage) {
  const ids = new Map<string, string>();
  const taken = new Set<string>();
  const at = (place: number) => [...ids.values()][place % Math.max(1, ids.size)] ?? null;

  async function answer(id: string, keys: readonly string[]): Promise<void> {
    const asked = Object.keys((await stage.get(id)).asks);
    const responses = Object.fromEntries(keys.map((key) => [key, { action: 'decline' }]));
    if (!(await stage.answer(id, responses))) return;
    for (const key of keys.filter((each) => asked.includes(each))) {
      expect(taken.has(`${id} ${key}`)).toBe(false);
      taken.add(`${id} ${key}`);
    }
  }

  async function step(op: Op): Promise<void> {
    const { clock } = stage;
    if (op.op === 'begin') {
      const once = `${op.task} ${op.key}`;
      const id = await clock.drive(stage.begin(op.task, {}, { once, leaseMs: op.leased ? 30_000 : null }));
      expect(ids.get(once) ?? id).toBe(id);
      ids.set(once, id);
    } else if (op.op === 'work') {
      await stage.work();
    } else if (op.op === 'race') {
      const [one, other] = [stage.runner(), stage.runner()];
      await Promise.all([stage.work({}, one), stage.work({}, other)]);
    } else if (op.op === 'crash') {
      await stage.work({ concurrency: 2 }, crashing(stage, op.commit, op.after));
    } else if (op.op === 'meet') {
      const meeting = stage.runner(async (_operations, made, next) => {
        const meet = async () => {
          if (op.with === 'answer') for (const id of ids.values()) await answer(id, ['go', 'go:2', 'go:3']);
          else for (const id of [...ids.values()].slice(0, 1)) await stage.cancel(id);
        };
        if (made === op.commit && !op.after) await meet();
        const result = await next();
        if (made === op.commit && op.after) await meet();
        return result;
      });
      await stage.work({}, meeting);
    } else if (op.op === 'answer') {
      const id = at(op.place);
      if (id === null) return;
      const responses = Object.fromEntries(op.keys.map((key) => [key, { action: 'decline' }]));
      if (op.stranger) return expect(stage.answer(id, responses, EVE)).rejects.toMatchObject({ code: 'not_found' });
      await clock.drive(answer(id, op.keys));
    } else if (op.op === 'cancel') {
      const id = at(op.place);
      if (id === null) return;
      if (op.stranger) return expect(stage.cancel(id, EVE)).rejects.toMatchObject({ code: 'not_found' });
      await clock.drive(stage.cancel(id));
    } else {
      clock.now += op.ms;
    }
  }
  return { step, ids: () => [...ids.values()] };
}

/** A process that is gone from its commit `number` on, before or after that took effect. */
function crashing(stage: TaskStage, number: number, after: boolean) {
  return stage.runner(async (_operations, made, next) => {
    if (made === number && after) await next();
    if (made >= number) throw new Error('the process is gone');
    return next();
  });
}

function watcher(exact: Store, { clock }: TaskStage) {
  const ended = new Map<string, string>();
  const remembered = new Map<string, string>();
  const headerOf = async (id: string) => {
    const reading = await exact.get(headerKey(ADA.tenant, id), clock.now);
    return isPresent(reading) ? (reading.value as unknown as Header) : null;
  };

  async function look(id: string, ends: Map<string, number>): Promise<void> {
    const header = await headerOf(id);
    const run = await exact.get(assignmentKey(ADA.tenant, id), clock.now);
    if (header === null) throw new Error('a task is gone');
    expect(isPresent(run)).toBe(!hasEnded(header));
    if (isPresent(run)) expect(run.due?.queue).toBe('public/tasks');
    expect(ends.get(id) ?? 0).toBe(hasEnded(header) ? 1 : 0);
    const asks = Object.keys(header.asks).length > 0;
    if (!hasEnded(header)) expect(header.status).toBe(asks ? 'input_required' : 'working');
    // An end is final, in all that it says.
    const text = JSON.stringify(header);
    expect(ended.get(id) ?? text).toBe(text);
    if (hasEnded(header)) ended.set(id, text);
    const { records } = await exact.list(taskPartition(ADA.tenant, id), {
      now: clock.now,
      limit: 99,
      prefix: REMEMBERED,
    });
    // Whichever was first the first time, is first each time.
    expect(records.filter(({ id: what }) => what.includes('won/')).length).toBeLessThanOrEqual(1);
    for (const { id: what, value } of records) {
      const key = what.slice(REMEMBERED.length);
      // A question that was answered does not wait, and is not asked again.
      if (key.startsWith('ask ')) expect(Object.keys(header.asks)).not.toContain(key.slice('ask '.length));
      const isOpen = typeof value === 'object' && value !== null && 'final' in value && value.final === false;
      if (isOpen) continue;
      // When `run` was handed it may be added.
      const said = JSON.stringify({ ...(value as object), place: undefined });
      const before = remembered.get(`${id} ${key}`) ?? said;
      expect(said).toBe(before);
      remembered.set(`${id} ${key}`, before);
    }
  }

  return {
    async all(ids: readonly string[]) {
      const ends = new Map<string, number>();
      for (const { taskId } of await endsIn(exact)) ends.set(taskId, (ends.get(taskId) ?? 0) + 1);
      for (const id of ids) await look(id, ends);
    },
    async isOver(ids: readonly string[]) {
      for (const id of ids) {
        const header = await headerOf(id);
        if (header === null || !hasEnded(header)) return false;
      }
      return true;
    },
  };
}
