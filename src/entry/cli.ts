#!/usr/bin/env -S node --max-semi-space-size=4 --max-old-space-size=512
/**
 * The command line: `tidegate start`, `tidegate stdio` and `tidegate tasks`. Exit status 1: the declaration or a variable is wrong; 2: the call is.
 * A small young generation keeps a burst's short-lived buffers from growing the process; it costs no speed.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { App } from '../core/declaration/app.ts';
import { TidegateError } from '../core/errors.ts';
import { TASKS_USAGE } from './tasks-usage.ts';

const USAGE = `tidegate: live data for agents over stateless MCP

  tidegate start [--app FILE]   serve MCP over HTTP and run the feeds, until Ctrl-C
  tidegate stdio [--app FILE]   serve MCP over standard input and output

${TASKS_USAGE}

  --app FILE   module whose default export is an app (defineApp); default: the built-in demo
  --help       this text

Environment: PORT, HOST, PUBLIC_URL, STORE, SQLITE_PATH, UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN, MQTT_URL,
LOG_LEVEL, DEMO; the README says what each does.`;

async function main(): Promise<number> {
  const [first, ...args] = process.argv.slice(2);
  if (first === 'tasks' && !args.includes('--help')) {
    const { tasksCommand } = await import('./tasks-command.ts');
    return tasksCommand({ args, loadApp, environment: process.env, misused });
  }
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { app: { type: 'string' }, help: { type: 'boolean' } },
  });
  const [command, ...rest] = positionals;
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (rest.length > 0 || (command !== 'start' && command !== 'stdio'))
    return misused(`unknown command: ${positionals.join(' ')}`);
  const app = await loadApp(values.app ?? null);
  if (command === 'start') await (await import('./start.ts')).start(app, process.env, values.app ?? null);
  else await (await import('./stdio.ts')).stdio(app, process.env);
  return 0;
}

function misused(message: string): number {
  console.error(`tidegate: ${message}\n\n${USAGE}`);
  return 2;
}

/** A mistake of the operator's is told in its own words; a defect with its stack. */
function failed(thrown: unknown): number {
  if (thrown instanceof TypeError && 'code' in thrown && String(thrown.code).startsWith('ERR_PARSE_ARGS')) {
    return misused(thrown.message);
  }
  console.error(thrown instanceof TidegateError ? explained(thrown) : thrown);
  return 1;
}

function explained({ message, field, expected, hint }: TidegateError): string {
  const lines = [`tidegate: ${message}`];
  if (field !== null && !message.includes(field)) lines.push(`  ${field}: expected ${expected ?? 'something else'}`);
  if (hint !== null) lines.push(hint);
  return lines.join('\n');
}

async function loadApp(file: string | null): Promise<App> {
  const url = file === null ? new URL('../app.ts', import.meta.url) : pathToFileURL(resolve(file));
  const href = builtName(url.href);
  const module = (await import(href).catch((cause: unknown) => {
    throw isMissing(cause, href) ? notAnApp(`there is no file ${file}`, cause) : cause;
  })) as { default?: App };
  if (module.default?.streams instanceof Map) return module.default;
  throw notAnApp(`${file} has no app as its default export`);
}

/** Whether it is this very module that is missing, and not one that it imports. */
function isMissing(cause: unknown, href: string): boolean {
  return (
    cause instanceof Error &&
    'code' in cause &&
    cause.code === 'ERR_MODULE_NOT_FOUND' &&
    'url' in cause &&
    cause.url === href
  );
}

function notAnApp(message: string, cause?: unknown): TidegateError {
  const expected = 'a module with `export default defineApp({ … })`';
  return new TidegateError('invalid_config', message, { field: '--app', expected, cause });
}

/** In the published package this file is JavaScript, and so is its neighbour. */
function builtName(href: string): string {
  return import.meta.url.endsWith('.js') && href === new URL('../app.ts', import.meta.url).href
    ? href.replace(/\.ts$/, '.js')
    : href;
}

try {
  process.exitCode = await main();
} catch (thrown) {
  process.exitCode = failed(thrown);
}
