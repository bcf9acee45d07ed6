/** `tidegate dev`: serves an app of this folder, and again after each change of its files, until Ctrl-C. */
import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { TidegateError } from '../../../../base/errors.ts';
import { leave, untilAbandoned, untilStopped } from '../../../stop-signal.ts';
import { usualAppFile } from '../../kit/app-file.ts';
import { readArguments, unknownWord } from '../../kit/arguments.ts';
import type { CommandCall } from '../../kit/command.ts';
import { readEnvFile } from '../../kit/env-file.ts';
import { startDevLoop } from './dev-loop.ts';
import type { DevEvent } from './messages.ts';
import { jsonLineOf, linesOfEvent, painted } from './view.ts';

const OPTIONS = {
  app: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

/** What package managers write at the end of an install: a package that was missing may be there then. */
const INSTALLED = [
  'node_modules/.package-lock.json',
  'node_modules/.modules.yaml',
  'node_modules/.yarn-integrity',
  'node_modules/.yarn-state.yml',
];

/** Answers the exit status. @throws TidegateError `invalid_config` where there is no app */
export async function devCommand(call: CommandCall): Promise<number> {
  const { args, environment, envFile = null, misused, print = console.log } = call;
  const read = readArguments(args, OPTIONS, 'dev');
  if (read.wrong !== null) return misused(read.wrong);
  const [word] = read.positionals;
  if (word !== undefined) return misused(unknownWord(word, [], 'dev'));
  const { app, json } = read.values as { app?: string; json: boolean };
  const file = app ?? usualAppFile();
  if (file === null || !existsSync(file)) throw noApp(file);

  const tell = (event: DevEvent) => {
    const now = Date.now();
    const shown = withShortPaths(event);
    if (json) print(jsonLineOf(shown, now));
    else for (const line of linesOfEvent(shown, { now, paint: painted })) print(line);
  };
  const variables = Object.keys(envFile?.set ?? {});
  const path = envFile?.file ?? '.env';
  tell({ type: 'watching', file, envFile: path, variables });
  const real = withoutNames(environment, variables);
  const isNamed = envFile !== null && envFile.file !== '.env';
  const loop = startDevLoop({
    file,
    beside: [path, 'package.json', ...INSTALLED],
    environment: () => ({ ...real, ...readEnvFile(isNamed ? path : null, real).set }),
    tell,
    onOutput: json ? (to, text) => tell({ type: 'output', to, text }) : null,
  });
  const stopped = Promise.race([untilStopped(), untilAbandoned(environment)]);
  const status = await Promise.race([stopped.then(() => 0), loop.failed]);
  process.once('exit', () => loop.kill());
  if (status === 0) tell({ type: 'stopping' });
  await loop.stop();
  leave();
  return status;
}

function withoutNames(environment: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !names.includes(name)));
}

function withShortPaths(event: DevEvent): DevEvent {
  if (event.type !== 'changed') return event;
  return { ...event, files: event.files.map((file) => relative(process.cwd(), file)) };
}

function noApp(file: string | null): TidegateError {
  const message = file === null ? 'there is no app in this folder' : `there is no file ${file}`;
  return new TidegateError('invalid_config', message, {
    field: '--app',
    expected: 'a module whose default export is an app; without it app.ts or src/app.ts of this folder',
    hint: 'tidegate init makes a new app',
  });
}
