/** A Worker whose tasks have effects outside: each is a request to the recorder of the test. */
import * as z from 'zod';
import { defineApp, form, task } from '../../../src/index.ts';
import { createWorker } from '../../../src/hosts/workers/host.ts';

const recorder = process.env['RECORD_URL'] ?? 'http://127.0.0.1:1';
const Name = z.object({ name: z.string(), ms: z.number().default(0) });
const base = { version: '1', input: Name };

async function effect(path: string): Promise<string> {
  const response = await fetch(`${recorder}/${path}`, { method: 'POST' });
  return response.text();
}

const app = defineApp({
  name: 'queue',
  version: '1.0.0',
  description: 'Tasks that leave a trace',
  tasks: {
    two: task({
      ...base,
      description: 'Two steps.',
      async run({ name }, { step }) {
        await step('first', () => effect(`${name}/first`));
        await step('second', () => effect(`${name}/second`));
        return 'done';
      },
    }),
    sleeps: task({
      ...base,
      description: 'A step, a sleep, a step.',
      async run({ name, ms }, { step, sleep, progress }) {
        await step('first', () => effect(`${name}/first`));
        progress('sleeps');
        await sleep(ms);
        await step('second', () => effect(`${name}/second`));
        return 'done';
      },
    }),
    asks: task({
      ...base,
      description: 'A step, a question, a step.',
      async run({ name }, { step, ask }) {
        await step('first', () => effect(`${name}/first`));
        const { action } = await ask('sure', form('Sure?', z.object({ sure: z.boolean() })));
        await step('second', () => effect(`${name}/second`));
        return action;
      },
    }),
  },
});

export default createWorker(app);
