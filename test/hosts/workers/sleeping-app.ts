/** An app whose one task sleeps, so that something has to wake it. */
import * as z from 'zod';
import { defineApp, task } from '../../../src/index.ts';

export default defineApp({
  name: 'sleeping',
  version: '1.0.0',
  description: 'A task that sleeps',
  tasks: {
    sleeps: task({
      description: 'Sleeps for some milliseconds.',
      version: '1',
      input: z.object({ ms: z.number() }),
      async run({ ms }, { sleep }) {
        await sleep(ms);
        return 'it slept';
      },
    }),
  },
});
