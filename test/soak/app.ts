/** The app of the soak, for `tidegate start --app`: where its source is, the environment says. */
import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod';
import { defineApp, http, secret, stream, task, tool } from '../../src/index.ts';

const origin = process.env['SOAK_SOURCE'] ?? 'http://127.0.0.1:1';
const Item = z.object({ n: z.number() });
/** So that the whole of a run can be read at its end. */
const RETENTION = { events: 2_000_000 };

/** The items of the source, behind the number that was read last. */
const numbered = () =>
  http({
    url: `${origin}/log`,
    items: 'items',
    cursor: { from: 'next', param: 'from', initial: '0' },
    allow: [new URL(origin).host],
    everyMs: 500,
    timeoutMs: 2_000,
  });

export default defineApp({
  name: 'soak',
  version: '1.0.0',
  description: 'What good clients use while everything around it fails',
  streams: {
    log: stream({
      description: 'Items of a source that fails in turn, read by their number: exactly once',
      schema: Item,
      id: 'n',
      retention: RETENTION,
      feed: numbered(),
    }),
    scratch: stream({
      description: 'The same items for operators, who reset its feed and delete its events',
      schema: Item,
      key: 'n',
      retention: RETENTION,
      feed: numbered(),
    }),
    pushed: stream({
      description: 'Events that clients push, each until it is acknowledged: exactly once',
      schema: Item,
      id: 'n',
      retention: RETENTION,
      push: { token: secret('SOAK_TOKEN') },
    }),
  },
  tools: {
    echo: tool({
      description: 'Says it again.',
      input: z.object({ text: z.string() }),
      run: async ({ text }) => text,
    }),
  },
  tasks: {
    double: task({
      description: 'Doubles a number in two steps.',
      version: '1',
      input: z.object({ n: z.number() }),
      async run({ n }, { step }) {
        const once = await step('once', async () => {
          await wait(20);
          return n;
        });
        return await step('twice', async () => String(2 * once));
      },
    }),
  },
});
