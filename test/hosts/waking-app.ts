/** An app whose work shows outside: steps of tasks and deliveries are requests to the recorder of the test. For hosts that are woken. */
import * as z from 'zod';
import { type App, defineApp, secret, stream, task, trigger } from '../../src/index.ts';

const ticks = stream({
  description: 'Ticks',
  schema: z.object({ id: z.string(), level: z.number() }),
  id: 'id',
  push: { token: secret('PUSH_TOKEN') },
});

/** Nothing in the app follows it. */
const quiet = stream({
  description: 'Ticks of which nobody hears',
  schema: z.object({ id: z.string(), level: z.number() }),
  id: 'id',
  push: { token: secret('PUSH_TOKEN') },
});

/** @param recorder its origin */
export function wakingApp(recorder: string): App {
  const effect = async (path: string) => (await fetch(`${recorder}/${path}`, { method: 'POST' })).text();
  return defineApp({
    name: 'waking',
    version: '1.0.0',
    description: 'Work that leaves a trace',
    webhooks: { allow: [new URL(recorder).host] },
    streams: { ticks, quiet },
    tasks: {
      sleeps: task({
        version: '1',
        description: 'A step, a sleep, a step.',
        input: z.object({ name: z.string(), ms: z.number().default(0) }),
        async run({ name, ms }, { step, sleep }) {
          await step('first', () => effect(`${name}/first`));
          if (ms > 0) await sleep(ms);
          await step('second', () => effect(`${name}/second`));
          return 'done';
        },
      }),
      react: task({
        version: '1',
        description: 'Begins with a high tick.',
        input: z.object({ id: z.string() }),
        async run({ id }, { step }) {
          await step('reacted', () => effect(`${id}/reacted`));
          return 'done';
        },
      }),
    },
    triggers: {
      high: trigger({
        description: 'A tick is high',
        on: ticks,
        when: { kind: 'threshold', field: 'level', above: 10 },
        starts: { task: 'react', input: ({ events }) => ({ id: events.at(-1)?.id ?? '' }) },
      }),
    },
  });
}
