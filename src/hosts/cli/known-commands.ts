/** The commands by name, each loaded when it is called. What they take is said by `kit/usage.ts`. */
import type { RunCommand } from './kit/command.ts';

export const KNOWN_COMMANDS: Readonly<Record<string, () => Promise<RunCommand>>> = {
  tasks: async () => (await import('./commands/tasks-command.ts')).tasksCommand,
  keys: async () => (await import('./commands/keys-command.ts')).keysCommand,
  triggers: async () => (await import('./commands/triggers-command.ts')).triggersCommand,
};
