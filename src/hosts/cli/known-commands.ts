/** The commands by name, each loaded when it is called. What they take is said by `kit/usage.ts`. */
import type { RunCommand } from './kit/command.ts';
import { OPERATE_NOUNS } from './kit/usage.ts';

const operate = (noun: string) => async () => (await import('./operate/command.ts')).operateCommand(noun);

export const KNOWN_COMMANDS: Readonly<Record<string, () => Promise<RunCommand>>> = {
  init: async () => (await import('./init/init-command.ts')).initCommand,
  dev: async () => (await import('./init/dev/dev-command.ts')).devCommand,
  // An answer is an action of operators; the others watch and draw as actions do not.
  tasks: async () => {
    const [{ tasksCommand }, answers] = await Promise.all([import('./commands/tasks-command.ts'), operate('tasks')()]);
    return (call) => (call.args[0] === 'answer' ? answers(call) : tasksCommand(call));
  },
  keys: async () => (await import('./commands/keys-command.ts')).keysCommand,
  triggers: async () => (await import('./commands/triggers-command.ts')).triggersCommand,
  doctor: async () => (await import('./doctor/doctor-command.ts')).doctorCommand,
  deploy: async () => (await import('./deploy/deploy-command.ts')).deployCommand,
  destroy: async () => (await import('./deploy/deploy-command.ts')).destroyCommand,
  ...Object.fromEntries(OPERATE_NOUNS.map((noun) => [noun, operate(noun)])),
};
