/** An app whose calls last: what a server that ends has to bring to an end. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { defineApp, form, pull, secret, stream, task, tool } from '../../../src/index.ts';

const Ms = z.object({ ms: z.number() });

export default defineApp({
  name: 'ending',
  version: '1.0.0',
  description: 'Calls that last',
  streams: {
    readings: stream({
      description: 'Readings',
      schema: z.object({ n: z.number() }),
      push: { token: secret('PUSH_TOKEN') },
    }),
    polled: stream({
      description: 'From a feed whose burst lasts until it is told to end',
      schema: z.object({ n: z.number() }),
      feed: pull({
        source: 'a slow one',
        everyMs: 1,
        pull: async ({ signal }) => {
          await sleep(20_000, null, { signal, ref: false }).catch(() => {});
          return { items: [] };
        },
      }),
    }),
  },
  tools: {
    slow: tool({
      description: 'Answers after some time, whatever happens',
      input: Ms,
      run: async ({ ms }) => (await sleep(ms), `after ${ms} ms`),
    }),
    heeding: tool({
      description: 'Answers after some time, and heeds its signal',
      input: Ms,
      run: async ({ ms }, { signal }) => (await sleep(ms, null, { signal }), `after ${ms} ms`),
    }),
    asking: tool({
      description: 'Asks, and answers what came',
      run: async (_input, { ask }) => (await ask('sure', form('Really?', z.object({ ok: z.boolean() })))).action,
    }),
    telling: tool({
      description: 'Says that it began, and answers after some time',
      input: Ms,
      async run({ ms }, { progress }) {
        progress(1);
        await sleep(ms);
        return `after ${ms} ms`;
      },
    }),
  },
  tasks: {
    long: task({
      version: '1',
      description: 'Lasts, and is waited for by clients that know no tasks',
      input: Ms,
      otherwise: 'wait',
      idempotencyKey: ({ ms }) => `${ms}`,
      run: async ({ ms }, { step }) => {
        await step('work', async ({ signal }) => {
          await sleep(ms, null, { signal });
        });
        return 'done';
      },
    }),
  },
});
