/** `answer_task`: does for clients without the extension what `tasks/update` does. */
import * as z from 'zod';
import { REPEATABLE } from '../../calls/schemas.ts';
import type { ToolNames } from '../../declare/built-ins.ts';
import { type Tool, tool } from '../../declare/tool.ts';
import { TASKS_SCOPE } from '../../base/scopes.ts';
import { TidegateError } from '../../base/errors.ts';
import { hasEnded, type Header } from '../../tasks/records/header.ts';
import type { Tasks } from '../../tasks/work/service.ts';
import { accountedTasks } from '../../calls/context.ts';
import { plainText } from '../../base/plain.ts';
import { failureText } from '../wire/errors.ts';
import { Answers } from './answers-input.ts';
import { IN_TOOLS, naming } from './argument-names.ts';
import { TaskHandle } from './get-task.ts';
import { callsMeanwhile, callsToSee } from './next-calls.ts';
import type { See } from './seen-task.ts';
import { errorOf, inBothHalves, stateLines, stateOf, TaskState } from './task-state.ts';

const Input = z.strictObject({ task: TaskHandle, answers: Answers });

const Output = TaskState.extend({
  passedOver: z
    .array(z.string())
    .describe('Keys of which nothing was stored, since no open question has them: unknown, or answered before'),
});

/** A wrong answer is an error that names the field, and nothing is stored: all questions stand. */
export function answerTaskTool(tasks: Tasks, see: See, { get_task: reader }: ToolNames): Tool {
  return tool({
    title: 'Task: answer',
    scopes: [TASKS_SCOPE],
    description: `Answers questions that a task asks${reader === null ? '' : `, as ${reader} shows them`}. They are for the user: ask, and do not invent an answer.`,
    input: Input,
    output: Output,
    annotations: REPEATABLE,
    async run({ task, answers }, context) {
      const { principal, deadline } = context;
      const kept = accountedTasks(tasks, context);
      const told = (header: Header, first: readonly string[], more: { error?: ReturnType<typeof errorOf> } = {}) => {
        const seen = see(task, header);
        const calls = hasEnded(header) ? callsToSee(seen) : callsMeanwhile(seen);
        return inBothHalves([...first, ...stateLines(seen)], calls, { ...stateOf(seen), passedOver, ...more });
      };
      let stored: readonly string[];
      const before = await naming(IN_TOOLS, () => kept.get(principal, task));
      let passedOver = Object.keys(answers).filter((key) => !Object.hasOwn(before.asks, key));
      try {
        stored = await naming(IN_TOOLS, () => kept.answer(principal, task, answers, deadline));
      } catch (thrown) {
        if (!isMistake(thrown)) throw thrown;
        const lines = [...failureText(thrown, task).split('\n'), 'Nothing was stored. What is asked stands:'];
        return { ...told(before, lines, { error: errorOf(thrown, task) }), isError: true };
      }
      // Another call may have answered meanwhile.
      passedOver = Object.keys(answers).filter((key) => !stored.includes(key));
      const names = passedOver.map(plainText).join(', ');
      const over = passedOver.length === 0 ? [] : [`No open question has the key ${names}. Nothing was stored of it.`];
      return told(await kept.get(principal, task), over);
    },
  });
}

/** Of an answer, and not of the task. */
function isMistake(thrown: unknown): thrown is TidegateError {
  return thrown instanceof TidegateError && thrown.field?.startsWith('answers') === true;
}
