/**
 * `tidegate init`: writes a new app to a folder and installs what it needs. It asks at a terminal for what was not said, and
 * nowhere else. It opens no store and reads no `.env`.
 */
import { randomBytes } from 'node:crypto';
import { basename, relative, resolve } from 'node:path';
import { AWS_PACKAGES, CLOUDFLARE_PACKAGES } from '../../platforms/packages.ts';
import { TidegateError } from '../../../base/errors.ts';
import { knownName } from '../../../base/known-names.ts';
import { inLines } from '../../../base/plain.ts';
import { readArguments, unknownWord } from '../kit/arguments.ts';
import type { CommandCall } from '../kit/command.ts';
import { ownRange } from './own-package.ts';
import { type AppNames, namesOf, suggestedName } from './package-name.ts';
import { install, packageManagerOf } from './package-manager.ts';
import { ask, canAsk } from './questions.ts';
import { APP_KINDS, type AppKind } from './templates/feeds.ts';
import { appFilesOf } from './templates/files.ts';
import { writeFiles } from './write-files.ts';

const OPTIONS = {
  feed: { type: 'string', multiple: true },
  name: { type: 'string' },
  yes: { type: 'boolean', short: 'y', default: false },
  force: { type: 'boolean', default: false },
  'no-install': { type: 'boolean', default: false },
} as const;

interface InitOptions {
  feed?: string[];
  name?: string;
  yes: boolean;
  force: boolean;
  'no-install': boolean;
}

/** What a deployment needs beside the app, by the platform. */
const DEPLOYS = [
  ['Cloudflare', CLOUDFLARE_PACKAGES.join(' ')],
  ['AWS', AWS_PACKAGES.join(' ')],
] as const;
const USUAL_KINDS = 'http,push';

const newToken = () => randomBytes(24).toString('base64url');

/** Answers the exit status. @throws TidegateError for a wrong name, an unknown kind, and files that are in the way. */
export async function initCommand(call: CommandCall): Promise<number> {
  const { args, environment, misused, print = console.log } = call;
  const read = readArguments(args, OPTIONS, 'init');
  if (read.wrong !== null) return misused(read.wrong);
  const values = read.values as unknown as InitOptions;
  const [given = '.', extra] = read.positionals.map((word) => word.trim());
  if (extra !== undefined) return misused(`${unknownWord(extra, [], 'init')}: a path with spaces stands in quotes`);
  const folder = resolve(given === '' ? '.' : given);
  const asked = !values.yes && canAsk(environment);
  const names = values.name === undefined ? await askedName(folder, asked) : namesOf(values.name);
  if (names === null) return ended();
  const kinds = values.feed === undefined ? await askedKinds(asked) : kindsOf(values.feed.join(','));
  if (kinds === null) return ended();

  const manager = packageManagerOf(environment);
  const app = { ...names, kinds, topic: `${names.appName.slice(0, 40)}-${randomBytes(4).toString('hex')}` };
  const files = appFilesOf(app, { range: ownRange(), run: manager.name, newToken });
  const { left } = await writeFiles(folder, files, values.force);
  const place = relative(process.cwd(), folder);
  const shown = place === '' ? 'this folder' : place;
  print(inLines([`The app ${app.appName} stands in ${shown}: ${[...files.keys()].join(', ')}`]));
  if (left.length > 0) print(inLines([`Left as it was: ${left.join(', ')}`]));
  const next = (isInstalled: boolean) => [
    ...(place === '' ? [] : [`cd ${quoted(place)}`]),
    ...(isInstalled ? [] : [`${manager.name} install`]),
    `${manager.name} run dev`,
  ];
  const onBreak = () => {
    console.error(`\ntidegate: the files are there, and not all is installed. Go on with: ${next(false).join(' && ')}`);
    process.exit(130);
  };
  process.once('SIGINT', onBreak);
  const isInstalled = !values['no-install'] && (await install(manager, folder));
  process.off('SIGINT', onBreak);
  const failed = !isInstalled && !values['no-install'];
  if (failed) {
    console.error(`tidegate: ${manager.name} install failed in ${inLines([shown])}, for the reason that stands above`);
  }
  const deploys = DEPLOYS.map(([where, packages]) => `  ${where.padEnd(12)}${manager.add} ${packages}`);
  print(inLines(['', 'Next:', ...next(isInstalled).map((line) => `  ${line}`)]));
  print(inLines(['', 'Before it is deployed:', ...deploys]));
  return failed ? 1 : 0;
}

/** @throws TidegateError `invalid_input` */
function kindsOf(text: string): AppKind[] {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  for (const word of words) {
    if (APP_KINDS.some((kind) => kind === word)) continue;
    const expected = knownName(word, APP_KINDS, 'feeds');
    throw new TidegateError('invalid_input', `--feed ${word}: expected ${expected}`, { field: '--feed', expected });
  }
  const kinds = APP_KINDS.filter((kind) => words.includes(kind));
  if (kinds.length > 0) return kinds;
  const expected = `one or more of ${APP_KINDS.join(', ')}, with commas between them`;
  throw new TidegateError('invalid_input', `--feed: expected ${expected}`, { field: '--feed', expected });
}

async function askedName(folder: string, asked: boolean): Promise<AppNames | null> {
  const suggested = suggestedName(basename(folder));
  if (!asked) return namesOf(suggested);
  return ask({ text: `Name of the app (${suggested})?`, read: (line) => namesOf(line === '' ? suggested : line) });
}

async function askedKinds(asked: boolean): Promise<AppKind[] | null> {
  if (!asked) return kindsOf(USUAL_KINDS);
  const text = `Which feeds, of ${APP_KINDS.join(', ')} (${USUAL_KINDS})?`;
  return ask({ text, read: (line) => kindsOf(line === '' ? USUAL_KINDS : line) });
}

function ended(): number {
  console.error('\ntidegate: nothing was written');
  return 1;
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  return /^[\w./@+-]+$/.test(path)
    ? path
    : `"${path.replaceAll(/(["$`\\])/g, process.platform === 'win32' ? '$1' : '\\$1')}"`;
}
