/** Who was first stays first: what `run` waits for at once comes in the same order on each entry, whatever comes late or dies. */
import * as z from 'zod';
import { expect, test } from 'vitest';
import { fc } from '../../properties.ts';
import { form } from '../../../src/declare/ask.ts';
import { task, type TaskContext } from '../../../src/declare/task.ts';
import { hasEnded } from '../../../src/tasks/records/header.ts';
import { taskStage } from '../stage.ts';
import { byDepth } from '../../depth.ts';

const base = { description: 'a task of the test', version: '1' };
const yes = form('Go?', z.object({ yes: z.boolean() }));

test('of two steps', async () => {
  const effects: string[] = [];
  const racing = task({
    ...base,
    async run(_input, { step, sleep }) {
      const slow = step('slow', async () => {
        await stage.clock.sleep(50);
        return 'slow';
      });
      const winner = await Promise.race([slow, step('fast', () => 'fast')]);
      await step(`use/${winner}`, () => void effects.push(winner));
      await slow;
      await sleep(1_000);
      return winner;
    },
  });
  const stage = taskStage({ racing });
  const id = await stage.begin('racing');
  await stage.settle();
  expect(effects).toEqual(['fast']);
  expect((await stage.get(id)).result?.content).toEqual([{ type: 'text', text: 'fast' }]);
});

test('of an answer and a time that was over before it', async () => {
  const effects: string[] = [];
  const racing = task({
    ...base,
    async run(_input, { ask, sleep, step }) {
      const winner = await Promise.race([ask('q', yes).then(() => 'answer'), sleep(1_000).then(() => 'time')]);
      await step(`use/${winner}`, () => void effects.push(winner));
      await sleep(60_000);
      return winner;
    },
  });
  const stage = taskStage({ racing });
  const id = await stage.begin('racing');
  await stage.work();
  stage.clock.now += 1_000;
  await stage.work();
  expect(effects).toEqual(['time']);
  expect(await stage.answer(id, { q: { action: 'decline' } })).toBe(true);
  await stage.settle();
  expect(effects).toEqual(['time']);
  expect((await stage.get(id)).result?.content).toEqual([{ type: 'text', text: 'time' }]);
});

/** Runs steps of these names side by side. */
const declared = (names: readonly string[]) => ({
  changed: task({
    ...base,
    async run(_input: unknown, { step, sleep }: TaskContext) {
      const all = await Promise.all(names.map((name) => step(name, () => name)));
      await sleep(1_000);
      return all.join();
    },
  }),
});

test('of what another release does not ask for any more nothing is waited for', async () => {
  const stage = taskStage(declared(['a', 'b', 'c']));
  const id = await stage.begin('changed');
  await stage.work();
  stage.clock.now += 1_000;
  await stage.work({}, stage.runner(undefined, declared(['c', 'd'])));
  expect((await stage.get(id)).result?.content).toEqual([{ type: 'text', text: 'c,d' }]);
});

type Part = { kind: 'step' | 'sleep'; ms: number } | { kind: 'ask' };
const part: fc.Arbitrary<Part> = fc.oneof(
  fc.record({ kind: fc.constantFrom('step' as const, 'sleep' as const), ms: fc.constantFrom(0, 1, 5, 1_000, 3_000) }),
  fc.constant({ kind: 'ask' as const }),
);
const branches = fc.array(fc.array(part, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 4 });
/** After how many commits each process is gone; the last ones stay. */
const deaths = fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 4 });

const numRuns = byDepth(80, 400, 2_000);

test('of any that are drawn', { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(branches, deaths, async (all, fatal) => {
      /** What was done as the first, the second and so on of all, by each process. */
      const done: Set<string>[] = [];
      const many = task({
        ...base,
        async run(_input, { step, sleep, ask }) {
          let count = 0;
          const branch = async (parts: readonly Part[], number: number) => {
            for (const [index, one] of parts.entries()) {
              if (one.kind === 'step') await step('part', () => stage.clock.sleep(one.ms));
              else if (one.kind === 'sleep') await sleep(one.ms);
              else await ask('q', yes);
              const at = (count += 1);
              await step(`at/${number}/${index}`, () => void (done[at] ??= new Set()).add(`${number}/${index}`));
            }
          };
          await Promise.all(all.map(branch));
          return 'done';
        },
      });
      const stage = taskStage({ many });
      const id = await stage.begin('many');
      const left = [...fatal];
      for (let rounds = 0; rounds < 60 && !hasEnded(await stage.get(id)); rounds += 1) {
        const last = left.shift();
        const runner = stage.runner((_operations, number, next) =>
          last !== undefined && number > last ? Promise.reject(new Error('gone')) : next(),
        );
        await stage.work({}, runner);
        const [asked] = Object.keys((await stage.get(id)).asks);
        if (asked && rounds % 2) await stage.answer(id, { [asked]: { action: 'decline' } });
        stage.clock.now += last === undefined ? 500 : 31_000;
      }
      expect((await stage.get(id)).status).toBe('completed');
      expect(done.filter((names) => names.size !== 1)).toEqual([]);
    }),
    { numRuns },
  );
});
