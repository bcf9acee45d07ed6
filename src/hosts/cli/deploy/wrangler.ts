/**
 * The operator's own wrangler: what it reads from the settings of a folder, what it builds, and its commands. It is never on a terminal,
 * so it neither asks nor takes the first of several accounts in silence: that is looked at before.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { TidegateError } from '../../../base/errors.ts';
import type { WorkerSettings } from '../../platforms/cloudflare-checks.ts';
import { type ProgramEnd, runProgram } from './programs/run-program.ts';
import { userPackage } from './programs/user-package.ts';

export interface Wrangler {
  version: string;
  run: (args: readonly string[], call?: { input?: string; tell?: (text: string) => void }) => Promise<ProgramEnd>;
  /** What a file says, not yet of one environment. @throws TidegateError `invalid_config` */
  readRaw: (path: string) => Record<string, unknown>;
  /** What it says of one environment. @param environment empty: the one without a name. @throws TidegateError `invalid_config` */
  readSettings: (path: string, environment: string) => ReadSettings;
}

export interface ReadSettings extends WorkerSettings {
  /** Null: it says none. */
  accountId: string | null;
}

/** What is used of the module; the names are wrangler's, which other tools of Cloudflare use too. */
interface WranglerModule {
  experimental_readRawConfig?: (args: { config: string }, options: { hideWarnings: boolean }) => { rawConfig: object };
  unstable_readConfig?: (args: { config: string; env: string }, options: { hideWarnings: boolean }) => WranglerConfig;
}

interface WranglerConfig {
  name?: string;
  main?: string;
  account_id?: string;
  compatibility_date?: string;
  compatibility_flags?: string[];
  triggers?: { crons?: string[] | undefined };
  vars?: Record<string, unknown>;
  queues?: {
    producers?: { binding: string; queue: string }[];
    consumers?: { queue: string; dead_letter_queue?: string }[];
  };
  ratelimits?: { name: string }[];
  alias?: Record<string, string>;
  keep_names?: boolean;
  secrets_store_secrets?: { binding: string }[];
}

/** In the order in which wrangler looks for them. */
const SETTINGS_FILES = ['wrangler.json', 'wrangler.jsonc', 'wrangler.toml'] as const;

export function settingsFile(folder: string): string | null {
  return SETTINGS_FILES.find((name) => existsSync(join(folder, name))) ?? null;
}

/** @throws TidegateError `invalid_config` where it is not installed, or too old */
export function openWrangler(folder: string, variables: NodeJS.ProcessEnv): Wrangler {
  const { folder: at, version, command } = userPackage(folder, 'wrangler', 'wrangler');
  const { experimental_readRawConfig: readRaw, unstable_readConfig: readConfig } = createRequire(
    join(at, 'package.json'),
  )(at) as WranglerModule;
  if (readRaw === undefined || readConfig === undefined) {
    const expected = 'npm install --save-dev wrangler@latest';
    throw new TidegateError('invalid_config', `wrangler ${version} is too old`, { field: 'wrangler', expected });
  }
  const { CLOUDFLARE_ENV: _chosen, ...others } = variables;
  // The environment is named with each command; another one in a variable would be taken where none is.
  const environment = { ...others, WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' };
  return {
    version,
    run: (args, call = {}) => runProgram(command, args, { folder, environment, ...call }),
    readRaw: (path) =>
      told(path, () => readRaw({ config: path }, { hideWarnings: true }).rawConfig as Record<string, unknown>),
    readSettings: (path, env) =>
      told(path, () => settingsOf(readConfig({ config: path, env }, { hideWarnings: true }))),
  };
}

function settingsOf(config: WranglerConfig): ReadSettings {
  const { name, main, account_id, compatibility_date, triggers, vars, queues, ratelimits, alias } = config;
  return {
    name: name ?? '',
    hasEntry: main !== undefined && existsSync(main),
    date: compatibility_date ?? null,
    flags: config.compatibility_flags ?? [],
    crons: triggers?.crons ?? null,
    variables: { ...vars },
    producers: queues?.producers ?? [],
    consumers: queues?.consumers ?? [],
    rates: (ratelimits ?? []).map((rate) => rate.name),
    aliases: Object.keys(alias ?? {}),
    keepsNames: config.keep_names !== false,
    storedSecrets: (config.secrets_store_secrets ?? []).map(({ binding }) => binding),
    accountId: account_id ?? null,
  };
}

function told<Read>(path: string, read: () => Read): Read {
  try {
    return read();
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    const expected = 'settings that wrangler reads';
    throw new TidegateError('invalid_config', `${path}: ${message}`, { field: path, expected, cause: thrown });
  }
}

/** What a command said, in the words that are worth telling: without its banner and its traces. */
export function saidBy({ stdout, stderr }: Pick<ProgramEnd, 'stdout' | 'stderr'>): string {
  const lines = `${stderr}\n${stdout}`.split('\n').map((line) => line.trim());
  const wrong = lines.findIndex((line) => line.includes('[ERROR]'));
  const told = lines
    .slice(Math.max(0, wrong))
    .filter((line) => line !== '' && !/^(⛅|─|🪵|If you think this is a bug)/u.test(line));
  return told
    .slice(0, 8)
    .join('\n')
    .replace(/^.*\[ERROR\]\s*/u, '');
}
