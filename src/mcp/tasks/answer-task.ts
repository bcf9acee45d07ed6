/** `answer_task`: does for clients without the extension what `tasks/update` does. */
import * as z from 'zod';
import { REPEATABLE } from '../../calls/schemas.ts';
import { type Tool, tool } from '../../declare/tool.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { Tasks } from '../../tasks/work/service.ts';
import { accountedTasks } from '../../calls/context.ts';
import { Answers } from './answers-input.ts';
import { IN_TOOLS, naming } from './argument-names.ts';
import { TaskHandle } from './get-task.ts';
import { Handle, handleOf } from './handle.ts';
import { taskLines } from './task-text.ts';

const Input = z.strictObject({ task: TaskHandle, answers: Answers });

const Output = Handle.extend({
  passedOver: z.array(z.string()).describe('Keys that no open question has: unknown, or answered before'),
});

/** A wrong answer is an error that names the field, and nothing is stored. */
export function answerTaskTool(tasks: Tasks, { now }: Pick<Runtime, 'now'>): Tool {
  return tool({
    title: 'Task: answer',
    description:
      'Answers questions that a task asks, as get_task shows them. They are for the user: ask, and do not invent an answer.',
    input: Input,
    output: Output,
    annotations: REPEATABLE,
    async run({ task, answers }, context) {
      const { principal, deadline } = context;
      const kept = accountedTasks(tasks, context);
      const before = await naming(IN_TOOLS, () => kept.get(principal, task));
      const passedOver = Object.keys(answers).filter((key) => !Object.hasOwn(before.asks, key));
      await naming(IN_TOOLS, () => kept.answer(principal, task, answers, deadline));
      const header = await kept.get(principal, task);
      const over = passedOver.length === 0 ? [] : [`No open question has the key ${passedOver.join(', ')}.`];
      return {
        text: [...over, ...taskLines(task, header, now())].join('\n'),
        structured: { ...handleOf(task, header, now()), passedOver },
      };
    },
  });
}
