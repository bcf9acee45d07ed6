#!/usr/bin/env -S node --max-semi-space-size=4 --max-old-space-size=512
/**
 * The command line: `tidegate start`, `tidegate stdio` and `tidegate tasks`. Exit status 1: the declaration or a variable is wrong; 2: the call is.
 * A small young generation keeps a burst's short-lived buffers from growing the process; it costs no speed.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { TidegateError } from '../../base/errors.ts';
import { loadApp } from './load-app.ts';
import { TASKS_USAGE } from './tasks-usage.ts';

const USAGE = `tidegate: live data for agents over stateless MCP

  tidegate start [--app FILE]   serve MCP over HTTP and run the feeds, until Ctrl-C
  tidegate stdio [--app FILE]   serve MCP over standard input and output

${TASKS_USAGE}

  --app FILE      module whose default export is an app (defineApp); default: the built-in demo
  -h, --help      this text
  -v, --version   the version

Environment: PORT, HOST, PUBLIC_URL, STORE, SQLITE_PATH, UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN, DYNAMODB_TABLE,
AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_ENDPOINT_URL_DYNAMODB, MQTT_URL,
TIDEGATE_SECRET, TIDEGATE_SECRET_PREVIOUS, LOG_LEVEL, DEMO; the README says what each does.`;

async function main(): Promise<number> {
  const [first, ...args] = process.argv.slice(2);
  if (first === 'tasks' && !args.includes('--help')) {
    const { tasksCommand } = await import('./tasks-command.ts');
    return tasksCommand({ args, loadApp, environment: process.env, misused });
  }
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      app: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    },
  });
  const [command, ...rest] = positionals;
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (values.version) {
    console.log(`tidegate ${version()}`);
    return 0;
  }
  if (command === undefined) return misused('no command is given');
  if (rest.length > 0 || (command !== 'start' && command !== 'stdio')) {
    return misused(`unknown command: ${positionals.join(' ')}`);
  }
  const app = await loadApp(values.app ?? null);
  if (command === 'start') await (await import('./start.ts')).start(app, process.env, values.app ?? null);
  else await (await import('../node/stdio.ts')).stdio(app, process.env);
  return 0;
}

/** The version of the package that this file belongs to, as source and as published. */
function version(): string {
  const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

function misused(message: string): number {
  console.error(`tidegate: ${message}\n\n${USAGE}`);
  return 2;
}

/** A mistake of the operator's is printed as its message, a defect with its stack. */
function failed(thrown: unknown): number {
  if (thrown instanceof TypeError && 'code' in thrown && String(thrown.code).startsWith('ERR_PARSE_ARGS')) {
    return misused(thrown.message);
  }
  console.error(thrown instanceof TidegateError ? explained(thrown) : thrown);
  return 1;
}

function explained({ message, field, expected, hint }: TidegateError): string {
  const lines = [`tidegate: ${message}`];
  if (field !== null && (expected === null || !message.includes(expected))) {
    lines.push(`  ${field}: expected ${expected ?? 'something else'}`);
  }
  if (hint !== null) lines.push(hint);
  return lines.join('\n');
}

try {
  process.exitCode = await main();
} catch (thrown) {
  process.exitCode = failed(thrown);
}
