/**
 * The command line. Exit status 1: the declaration, a variable or what was found is wrong; 2: the call is.
 */
import { readFileSync } from 'node:fs';
import { TidegateError } from '../../base/errors.ts';
import { usualAppFile } from './kit/app-file.ts';
import { readArguments, unknownWord } from './kit/arguments.ts';
import { type EnvFile, readEnvFile, takeEnvFile } from './kit/env-file.ts';
import { explained, linesOf } from './kit/explained.ts';
import { unwrittenOutput, watchOutput } from './kit/output.ts';
import { loadUsualApp } from './kit/load-app.ts';
import { COMMANDS, fullUsage, OPERATE_NOUNS, usageOf } from './kit/usage.ts';
import { KNOWN_COMMANDS } from './known-commands.ts';

const OPTIONS = {
  app: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

/** A new app has no variables yet, and each stage of a deployment has a file of its own. */
const READ_APART: readonly string[] = ['init', 'deploy', 'destroy'];

/** Commands that take the demo where there is no app: `doctor` says which one it looked at, the others load none by themselves. */
const ON_DEMO: readonly string[] = ['init', 'dev', 'deploy', 'destroy', 'doctor'];

async function main(): Promise<number> {
  const { args, file: envFile } = takeEnvFile(process.argv.slice(2));
  if (envFile === '') return misused('--env-file needs a value: --env-file FILE');
  const isAsked = args.some((arg) => arg === '--help' || arg === '-h');
  const known = isAsked ? undefined : KNOWN_COMMANDS[args[0] ?? ''];
  if (known !== undefined) {
    const run = await known();
    const isApart = READ_APART.includes(args[0] ?? '') && envFile === null;
    const added = isApart ? null : takeVariables(envFile);
    const loadNamed = ON_DEMO.includes(args[0] ?? '') ? loadUsualApp : loadMeant;
    return run({ args: args.slice(1), loadApp: loadNamed, environment: process.env, envFile: added, misused });
  }
  if (isAsked) {
    const { actionsUsage, nounUsage } = await import('./operate/usage.ts');
    const noun = OPERATE_NOUNS.find((each) => each === args[0]);
    console.log(noun === undefined ? fullUsage(actionsUsage()) : nounUsage(noun, args[1] ?? ''));
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
  if (command === undefined) return misused(`no command is given: expected tidegate ${oneOf(COMMANDS)}`);
  if (command !== 'start' && command !== 'stdio') return misused(unknownWord(command, COMMANDS, null));
  if (extra !== undefined) return misused(unknownWord(extra, COMMANDS, command));
  const named = typeof values['app'] === 'string' ? values['app'] : null;
  const file = named ?? usualAppFile();
  takeVariables(envFile);
  if (command === 'stdio') {
    const { keepOutput } = await import('../node/process/kept-output.ts');
    const output = keepOutput(process.stdout, process.stderr);
    const app = await loadUsualApp(named);
    await (await import('../node/stdio.ts')).stdio(app, process.env, output);
    return 0;
  }
  const app = await loadUsualApp(named);
  await (await import('./commands/start.ts')).start(app, process.env, file);
  return 0;
}

/** For what works on a store the demo has to be meant. */
const loadMeant: typeof loadUsualApp = async (file) => {
  const found = file ?? usualAppFile();
  if (found === null) (await import('./kit/demo.ts')).checkDemoMeant(process.env);
  return loadUsualApp(file);
};

/** Before the app is loaded, whose module may read the environment. */
function takeVariables(file: string | null): EnvFile {
  const read = readEnvFile(file, process.env);
  Object.assign(process.env, read.set);
  return read;
}

function oneOf(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
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

watchOutput();

let told: unknown = null;
process.on('exit', () => {
  const unwritten = unwrittenOutput();
  if (unwritten === null) return;
  process.exitCode = 1;
  if (!(told instanceof TidegateError) || told.cause !== unwritten.cause) console.error(explained(unwritten));
});

try {
  process.exitCode = await main();
} catch (thrown) {
  told = thrown;
  // A mistake of the operator's is printed as its message, a defect with its stack.
  console.error(thrown instanceof TidegateError ? explained(thrown) : thrown);
  process.exitCode = 1;
}
