/** Tasks, and a tool beside them, that the suite's scenarios of the Tasks extension name. */
import * as z from 'zod';
import { form, task, tool } from '../../src/index.ts';

const base = { version: '1', policy: { attempts: 1 } };
const confirmation = z.object({ confirm: z.boolean() });

export const besideTasks = {
  greet: tool({
    description: 'Greets, at once.',
    input: z.object({ name: z.string() }),
    run: ({ name }) => Promise.resolve(`Hello, ${name}!`),
  }),
};

export const conformanceTasks = {
  slow_compute: task({
    ...base,
    description: 'Takes so many seconds.',
    input: z.object({ seconds: z.number().min(0), label: z.string().optional() }),
    async run({ seconds, label }, { sleep, step }) {
      await sleep(seconds * 1_000);
      return step('compute', () => `computed ${label ?? 'something'} in ${seconds} s`);
    },
  }),
  failing_job: task({
    ...base,
    description: 'Runs, and answers that it went wrong. For clients that know tasks alone.',
    otherwise: 'refuse',
    async run(_input, { sleep }) {
      await sleep(1_000);
      return { text: 'The job went wrong.', isError: true };
    },
  }),
  protocol_error_job: task({
    ...base,
    description: 'Breaks.',
    run: () => Promise.reject(new Error('This task breaks on purpose')),
  }),
  confirm_delete: task({
    ...base,
    description: 'Deletes nothing, after it was confirmed.',
    input: z.object({ filename: z.string() }),
    async run({ filename }, { ask }) {
      const answer = await ask('confirm', form(`Delete ${filename}?`, confirmation));
      return answer.action === 'accept' && answer.content.confirm ? `deleted ${filename}` : `kept ${filename}`;
    },
  }),
  multi_input: task({
    ...base,
    description: 'Asks two things at once.',
    async run(_input, { ask }) {
      const answers = await Promise.all([
        ask('name', form('What is your name?', z.object({ name: z.string() }))),
        ask('confirm', form('Go on?', confirmation)),
      ]);
      return answers.map(({ action }) => action).join(', ');
    },
  }),
  test_tool_with_task: task({
    ...base,
    description: 'Asks who is there before it begins, and greets in a task.',
    otherwise: 'refuse',
    input: z.object({ name: z.string().optional() }),
    async prepare(_input, { ask }) {
      const answer = await ask('user_name', form('What is your name?', z.object({ name: z.string() })));
      return answer.action === 'accept' ? { name: answer.content.name } : {};
    },
    run: ({ name = 'whoever you are' }) => Promise.resolve(`Hello, ${name}!`),
  }),
};
