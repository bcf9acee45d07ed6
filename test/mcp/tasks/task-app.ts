/** An app with tasks of each kind that the wire has to carry, and what a client says that knows tasks. */
import * as z from 'zod';
import { defineApp, form, page, type Principal, task, TidegateError, tool } from '../../../src/index.ts';
import type { Header } from '../../../src/tasks/records/header.ts';
import type { Change } from '../served.ts';

export const ADA: Principal = { tenant: 'public', subject: 'ada', client: null, scopes: ['*'] };
export const EVE: Principal = { ...ADA, subject: 'eve' };

/** A task as it is stored that has just begun. */
export const HEADER: Header = {
  task: 't',
  version: '1',
  principal: ADA,
  status: 'working',
  message: null,
  createdAt: 0,
  updatedAt: 0,
  ttlMs: 86_400_000,
  endsBy: 86_400_000,
  asks: {},
  result: null,
  pages: 0,
  failure: null,
  origin: 'x',
};

export const KNOWS: Change = {
  meta: { 'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } } },
};

const base = { version: '1', policy: { attempts: 1 } };
const Sum = z.object({ sum: z.number() });

/** Entries of `run` by the text that the task was called with, so that a test sees what was begun. */
export const entries = new Map<string, number>();

/** The names for which `prepared` was prepared. */
export const preparations: string[] = [];

export const taskApp = defineApp({
  name: 'tasks',
  version: '1',
  description: 'Tasks of all kinds',
  tools: { greet: tool({ description: 'Says hello.', run: async () => 'hello' }) },
  tasks: {
    add: task({
      ...base,
      title: 'Add',
      description: 'Adds two numbers, slowly.',
      input: z.object({ a: z.number().max(100), b: z.number().default(1), text: z.string().optional() }),
      output: Sum,
      annotations: { readOnlyHint: true },
      idempotencyKey: ({ text }) => text ?? null,
      async run({ a, b, text }, { step }) {
        if (text !== undefined) entries.set(text, (entries.get(text) ?? 0) + 1);
        return { structured: { sum: await step('add', () => a + b) } };
      },
    }),
    nap: task({
      ...base,
      description: 'Sleeps, asking nobody.',
      input: z.object({ ms: z.number() }),
      async run({ ms }, { sleep, progress }) {
        progress('sleeping');
        await sleep(ms);
        return `slept ${ms} ms`;
      },
    }),
    busy: task({
      ...base,
      description: 'Is at a step until it is told to stop.',
      async run(_input, { step }) {
        await step(
          'long',
          ({ signal }) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
        );
        return 'stopped';
      },
    }),
    register: task({
      ...base,
      description: 'Asks for a name and for an age, both at once.',
      async run(_input, { ask }) {
        const [name, age] = await Promise.all([
          ask('name', form('Your name?', z.object({ name: z.string().min(2) }))),
          ask('age', form('Your age?', z.object({ age: z.int() }))),
        ]);
        return JSON.stringify([name, age]);
      },
    }),
    pay: task({
      ...base,
      description: 'Asks to open a page.',
      run: async (_input, { ask }) => (await ask('bill', page('Pay the bill.', 'https://pay.example/1'))).action,
    }),
    broken: task({
      ...base,
      description: 'Fails as a defect does.',
      run: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:6379')),
    }),
    refused: task({
      ...base,
      description: 'Fails with words for the user.',
      run: () =>
        Promise.reject(new TidegateError('upstream', 'The archive is closed on Sundays', { hint: 'try tomorrow' })),
    }),
    wrong: task({
      ...base,
      description: 'Answers that it went wrong.',
      run: async () => ({ text: 'no such file', isError: true }),
    }),
    paged: task({
      ...base,
      description: 'Writes pages, and answers more than a record takes.',
      output: z.object({ text: z.string() }),
      pages: true,
      async run(_input, { step }) {
        await step('write', ({ page }) => page('a,b\n1,2', 'text/csv'));
        return { structured: { text: 'x'.repeat(400_000) } };
      },
    }),
    quick: task({
      ...base,
      description: 'For clients without tasks the call stays open.',
      input: z.object({ ms: z.number(), ask: z.boolean().default(false) }),
      output: Sum,
      otherwise: 'wait',
      waitMs: 400,
      async run({ ms, ask }, { sleep, ask: question }) {
        if (ask) await question('sure', form('Sure?', z.object({ sure: z.boolean() })));
        await sleep(ms);
        return { structured: { sum: ms } };
      },
    }),
    long: task({
      ...base,
      description: 'Answers more than fits one answer.',
      otherwise: 'wait',
      waitMs: 5_000,
      run: async () => 'x'.repeat(300_000),
    }),
    strict: task({
      ...base,
      description: 'For clients that know tasks alone.',
      otherwise: 'refuse',
      run: async () => 'done',
    }),
    prepared: task({
      ...base,
      description: 'Is prepared while the caller is there.',
      input: z.object({ name: z.string() }),
      prepare: async ({ name }, { principal }) => {
        if (name === '') throw new TidegateError('invalid_input', 'a name is needed', { field: 'name' });
        preparations.push(name);
        return { name: `${name} of ${principal.subject}` };
      },
      run: async ({ name }) => name,
    }),
  },
});
