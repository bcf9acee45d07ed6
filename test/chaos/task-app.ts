/** The app of the task kill runs: five steps, two of them side by side, a sleep, and for some tasks a question. */
import { appendFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod';
import { form } from '../../src/declare/ask.ts';
import { task } from '../../src/declare/task.ts';
import { randomId } from '../../src/base/runtime.ts';
import { type App, defineApp } from '../../src/index.ts';

/** A line of the record that is kept outside: a try of a step began or ended; or its process stood still for a while. */
export interface Mark {
  what: 'start' | 'end' | 'stall';
  /** How long it stood still, up to `at`, ms. */
  ms?: number;
  /** The step's idempotency key. */
  key: string;
  /** Of this try alone. It is what the step answers, so what is remembered tells which try it was. */
  attempt: string;
  worker: string;
  at: number;
}

/** Every so many-th task asks. */
export const ASKS_EVERY = 5;
export const STEPS = 5;

/**
 * @param record the file that lines are appended to: a line is written by one call, and outlives the process
 * @param worker the name of this process
 */
export function taskApp(record: string, worker: string): App {
  const mark = (what: Mark['what'], key: string, attempt: string) => {
    const line: Mark = { what, key, attempt, worker, at: Date.now() };
    appendFileSync(record, `${JSON.stringify(line)}\n`);
  };
  const effect = (ms: number) => async (step: { idempotencyKey: string }) => {
    const attempt = randomId();
    mark('start', step.idempotencyKey, attempt);
    await wait(ms);
    mark('end', step.idempotencyKey, attempt);
    return attempt;
  };
  return defineApp({
    name: 'chaos-tasks',
    version: '1',
    description: 'Tasks whose processes are killed',
    tasks: {
      job: task({
        description: 'Five steps',
        version: '1',
        input: z.object({ n: z.number() }),
        output: z.object({ n: z.number(), attempts: z.array(z.string()) }),
        async run({ n }, { step, sleep, ask, progress, uuid }) {
          const drawn = uuid();
          const first = await step('first', effect(20 + (n % 7) * 20));
          progress(`task ${n} has done its first step`);
          const sides = await Promise.all([step('side', effect(30)), step('side', effect((n % 4) * 50))]);
          await sleep(50 + (n % 6) * 100);
          if (n % ASKS_EVERY === 0) await ask('go', form('Go on?', z.object({ yes: z.boolean() })));
          const fourth = await step('fourth', effect(40));
          await sleep(10);
          const last = await step('last', effect(20 + (n % 3) * 60));
          // Drawn anew on each entry it would end in another result than the one that is remembered.
          if (uuid() === drawn) throw new Error('two ids are the same');
          return { structured: { n, attempts: [first, ...sides, fourth, last] } };
        },
      }),
    },
  });
}
