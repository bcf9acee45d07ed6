/**
 * The command line: `tidegate start`, `tidegate stdio`, `tidegate tasks`, `keys` and `triggers`. Exit status 1: the declaration or a variable is
 * wrong; 2: the call is.
 */
import { readFileSync } from 'node:fs';
import { TidegateError } from '../../base/errors.ts';
import { readArguments, unknownWord } from './arguments.ts';
import { loadApp } from './load-app.ts';
import { COMMANDS, USAGE, usageOf } from './usage.ts';
import { inLines } from '../../base/plain.ts';

const OPTIONS = {
  app: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const isAsked = args.some((arg) => arg === '--help' || arg === '-h');
  if (args[0] === 'tasks' && !isAsked) {
    const { tasksCommand } = await import('./tasks-command.ts');
    return tasksCommand({ args: args.slice(1), loadApp, environment: process.env, misused });
  }
  if (args[0] === 'keys' && !isAsked) {
    const { keysCommand } = await import('./keys-command.ts');
    return keysCommand({ args: args.slice(1), loadApp, environment: process.env, misused });
  }
  if (args[0] === 'triggers' && !isAsked) {
    const { triggersCommand } = await import('./triggers-command.ts');
    return triggersCommand({ args: args.slice(1), loadApp, environment: process.env, misused });
  }
  if (isAsked) {
    console.log(USAGE);
    return 0;
  }
  const read = readArguments(args, OPTIONS);
  if (read.wrong !== null) return misused(read.wrong);
  const { values, positionals } = read;
  if (values['version'] === true) {
    console.log(`tidegate ${version()}`);
    return 0;
  }
  const [command, extra] = positionals;
  if (command === undefined)
    return misused('no command is given: expected tidegate start, stdio, tasks, keys or triggers');
  if (command !== 'start' && command !== 'stdio') return misused(unknownWord(command, COMMANDS, null));
  if (extra !== undefined) return misused(unknownWord(extra, COMMANDS, command));
  const file = typeof values['app'] === 'string' ? values['app'] : null;
  const app = await loadApp(file);
  if (command === 'start') await (await import('./start.ts')).start(app, process.env, file);
  else await (await import('../node/stdio.ts')).stdio(app, process.env);
  return 0;
}

/** The version of the package that this file belongs to, as source and as published. */
function version(): string {
  const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

function misused(message: string): number {
  console.error(`tidegate: ${linesOf(message)}\n\n${usageOf(process.argv[2])}`);
  return 2;
}

function explained({ message, field, expected, hint }: TidegateError): string {
  const lines = [`tidegate: ${message}`];
  if (field !== null && (expected === null || !message.includes(expected))) {
    lines.push(`  ${field}: expected ${expected ?? 'something else'}`);
  }
  if (hint !== null) lines.push(hint);
  return linesOf(lines.join('\n'));
}

/** Lines of ours stay, and what steers a terminal does not. */
function linesOf(text: string): string {
  return inLines(text.split('\n'));
}

try {
  process.exitCode = await main();
} catch (thrown) {
  // A mistake of the operator's is printed as its message, a defect with its stack.
  console.error(thrown instanceof TidegateError ? explained(thrown) : thrown);
  process.exitCode = 1;
}
