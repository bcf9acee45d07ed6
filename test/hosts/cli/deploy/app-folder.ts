/** A folder of an operator's: an app, and packages beside it, with a stand-in for wrangler or the real one. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Asker } from '../../../../src/hosts/cli/deploy/ask.ts';
import type { DeployOptions } from '../../../../src/hosts/cli/deploy/deploy-options.ts';
import type { App } from '../../../../src/declare/app.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');
const PACKAGES = join(ROOT, 'node_modules');
const REAL = join(PACKAGES, 'wrangler/bin/wrangler.js');

export interface Account {
  loggedIn: boolean;
  accounts: { id: string; name: string }[];
  /** Secrets by Worker. */
  workers: Record<string, string[]>;
  queues: string[];
  /** Queues without which no deployment goes through. */
  needsQueues: string[];
  /** Name of the Worker in the settings, without an environment. */
  name: string;
  /** Beginning of the command that fails. */
  fails?: string | undefined;
  losesSecrets?: boolean;
  builds?: 'really';
  /** What the bundle is made of, where it is not built really. */
  inputs?: Record<string, { imports: { path: string; external?: boolean }[] }>;
  deployed?: string;
}

export interface Called {
  argv: string[];
  stdin: string;
  environment: string[];
  cloudflareEnv: string | null;
}

const ACCOUNT: Account = {
  loggedIn: true,
  accounts: [{ id: 'a1', name: 'Acme' }],
  workers: {},
  queues: [],
  needsQueues: [],
  name: 'shop',
};

export interface AppFolder {
  path: string;
  write: (name: string, text: string) => void;
  read: (name: string) => string;
  names: () => string[];
  removeFile: (name: string) => void;
  /** What the account has now. */
  account: () => Account;
  change: (changes: Partial<Account>) => void;
  /** How wrangler was called, without what only looks and builds. */
  calls: () => Called[];
  changes: () => string[];
  remove: () => void;
}

/** @param account null: the real wrangler, and no account */
export function makeAppFolder(
  files: Readonly<Record<string, string>>,
  account: Partial<Account> | null = {},
): AppFolder {
  const path = mkdtempSync(join(tmpdir(), 'tidegate app folder-'));
  const packages = join(path, 'node_modules');
  mkdirSync(packages);
  symlinkSync(ROOT, join(packages, 'tidegate'));
  symlinkSync(join(PACKAGES, 'zod'), join(packages, 'zod'));
  const wrangler = join(packages, 'wrangler');
  const state = join(wrangler, 'bin/state.json');
  const log = join(wrangler, 'bin/calls.jsonl');
  if (account === null) symlinkSync(join(PACKAGES, 'wrangler'), wrangler);
  else {
    mkdirSync(join(wrangler, 'bin'), { recursive: true });
    const manifest = {
      name: 'wrangler',
      version: '4.155.0-stand-in',
      main: 'index.cjs',
      bin: { wrangler: 'bin/stand-in.mjs' },
    };
    writeFileSync(join(wrangler, 'package.json'), JSON.stringify(manifest));
    // What it reads of settings is the real one's.
    writeFileSync(
      join(wrangler, 'index.cjs'),
      `module.exports = require(${JSON.stringify(join(PACKAGES, 'wrangler'))});\n`,
    );
    copyFileSync(join(import.meta.dirname, 'wrangler-stand-in.mjs'), join(wrangler, 'bin/stand-in.mjs'));
    writeFileSync(state, JSON.stringify({ real: REAL, ...ACCOUNT, ...account }));
  }
  writeFileSync(join(path, 'package.json'), '{ "type": "module" }');
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  const stored = () => JSON.parse(readFileSync(state, 'utf8')) as Account;
  const called = () =>
    existsSync(log)
      ? readFileSync(log, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Called)
      : [];
  return {
    path,
    write,
    read: (name) => readFileSync(join(path, name), 'utf8'),
    removeFile: (name) => rmSync(join(path, name)),
    names: () =>
      readdirSync(path)
        .filter((name) => !['node_modules', 'package.json'].includes(name))
        .toSorted(),
    account: stored,
    change: (changes) => writeFileSync(state, JSON.stringify({ ...stored(), ...changes })),
    calls: called,
    changes: () =>
      called()
        .map(({ argv }) => argv.join(' '))
        .filter((line) => !/--dry-run|whoami|secret list|queues info/.test(line)),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Answers questions from a list, and writes down what was asked. */
export function scriptedAsker(answers: Readonly<Record<string, string>>): Asker & { asked: string[] } {
  const asked: string[] = [];
  const answer = (question: string) => {
    asked.push(question.trim());
    const [, found] = Object.entries(answers).find(([part]) => question.includes(part)) ?? [];
    if (found === undefined) throw new Error(`nobody knows an answer to ${question}`);
    return Promise.resolve(found);
  };
  return { isThere: true, ask: answer, askHidden: (question) => answer(`hidden: ${question}`), asked };
}

export const NOBODY: Asker = {
  isThere: false,
  ask: () => Promise.reject(new Error('nobody is there')),
  askHidden: () => Promise.reject(new Error('nobody is there')),
};

/** Options of a call in that folder, and the lines that it prints. */
export function optionsIn(
  folder: AppFolder,
  app: App,
  given: Partial<DeployOptions> = {},
): DeployOptions & { printed: string[] } {
  const printed: string[] = [];
  return {
    target: 'cloudflare',
    appFile: join(folder.path, 'app.ts'),
    app,
    folder: folder.path,
    environment: null,
    dryRun: false,
    fix: false,
    yes: true,
    json: false,
    withQueue: true,
    variables: { PATH: process.env['PATH'], HOME: tmpdir() },
    asker: NOBODY,
    print: (line) => printed.push(line),
    tell: () => {},
    ...given,
    printed,
  };
}
