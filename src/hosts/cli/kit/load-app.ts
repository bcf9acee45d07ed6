/** Loads the app that the command line names. A file that is no app is refused with a message that names the place, and without a stack. */
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { App } from '../../../declare/app.ts';
import { TidegateError } from '../../../base/errors.ts';
import { builtName, usualAppFile } from './app-file.ts';
import { appOf, MODULE } from './app-of.ts';
import { hintOf, reasonOf } from './load-hints.ts';

/** @param file null: the built-in app. @throws TidegateError `invalid_config`, its own where the declaration is wrong. */
export async function loadApp(file: string | null): Promise<App> {
  if (file === null) return ((await import(builtName('../../../app.ts'))) as { default: App }).default;
  const { href } = pathToFileURL(resolve(file));
  const module = (await withinSight(file, import(href)).catch(async (thrown: unknown) => {
    throw await notLoaded(file, href, thrown);
  })) as Record<string, unknown>;
  return appOf(file, module);
}

const LOADS = 'a module that loads, and exports an app';
/** When it is said that a module still loads, ms. */
const LONG_MS = 10_000;

/** Says what a module waits for at its top that does not come: by itself, Node ends then without a word, and as if all were well. */
async function withinSight<Module>(file: string, loading: Promise<Module>): Promise<Module> {
  const say = (what: string) => void process.stderr.write(`tidegate: ${file} ${what}\n`);
  const awaits = 'an await at its top, or at that of an import, waits for';
  const left = () => {
    say(`does not load: ${awaits} what never comes\n  --app: expected ${LOADS}`);
    process.exitCode = 1;
  };
  process.once('exit', left);
  const timer = setTimeout(
    () => say(`has not loaded yet: ${awaits} something since ${LONG_MS / 1_000} s`),
    LONG_MS,
  ).unref();
  try {
    return await loading;
  } finally {
    clearTimeout(timer);
    process.off('exit', left);
  }
}

/** The app that a call names, else that of this folder, else the built-in one. @throws TidegateError as `loadApp` */
export async function loadUsualApp(named: string | null): Promise<App> {
  const file = named ?? usualAppFile();
  try {
    return await loadApp(file);
  } catch (thrown) {
    if (named !== null || !(thrown instanceof TidegateError) || thrown.field !== '--app') throw thrown;
    // Whoever has an app.ts of something else has to hear why it was read.
    const { code, message, expected, hint, cause } = thrown;
    const why = `${file} of this folder was taken for the app: --app FILE names another`;
    const details = { field: '--app', ...(expected === null ? {} : { expected }), cause };
    throw new TidegateError(code, message, { ...details, hint: hint === null ? why : `${hint}\n${why}` });
  }
}

async function notLoaded(file: string, href: string, thrown: unknown): Promise<TidegateError> {
  if (thrown instanceof TidegateError) return thrown;
  const { code, url } = (thrown instanceof Error ? thrown : {}) as { code?: string; url?: string };
  if (code === 'ERR_MODULE_NOT_FOUND' && url === href) return wrong(`there is no file ${file}`, MODULE, thrown);
  if (code === 'ERR_UNSUPPORTED_DIR_IMPORT' && url === href) return wrong(`${file} is a folder`, MODULE, thrown);
  const isOfFile = code === 'ERR_UNKNOWN_FILE_EXTENSION' || code === 'ERR_IMPORT_ATTRIBUTE_MISSING';
  if (isOfFile && /"\.[cm]?ts"/.test(reasonOf(thrown))) {
    const message = `${file} does not load: Node ${process.version} reads no TypeScript`;
    return wrong(message, 'a Node from 22.18 on (of 23: from 23.6 on), or an app that is built to JavaScript', thrown);
  }
  const place = placeOf(thrown, href) ?? (await placeOfSyntax(file, thrown));
  const message = `${file} does not load: ${reasonOf(thrown)}${place === null ? '' : `\n  in ${place}`}`;
  if (isOfFile) return wrong(message, MODULE, thrown);
  return wrong(message, LOADS, thrown, await hintOf(file, thrown, exportedNames));
}

/** What the package exports. */
async function exportedNames(): Promise<string[]> {
  return Object.keys((await import(builtName('../../../index.ts'))) as object);
}

/** The line of the app, or of what it imports, where it went wrong; null where the stack does not say. */
function placeOf(thrown: unknown, href: string): string | null {
  const stack = thrown instanceof Error ? (thrown.stack ?? '') : '';
  const lines = stack.split('\n');
  // The syntax of TypeScript stands before the message, with the file that has it.
  const [, file, line] = /^(\/.+|[A-Z]:\\.+):(\d+)$/i.exec(lines[0] ?? '') ?? [];
  if (file !== undefined) return `${file}:${line}`;
  const own = lines.find((each) => each.includes(`${href}:`)) ?? lines.find((each) => OF_APP.test(each)) ?? '';
  const [, url = '', at = ''] = /(file:\/\/.+?):(\d+(?::\d+)?)\)?$/.exec(own) ?? [];
  return at === '' ? null : `${fileURLToPath(url)}:${at}`;
}

/** The same for the syntax of JavaScript, of which no stack says the place. */
async function placeOfSyntax(file: string, thrown: unknown): Promise<string | null> {
  if (!(thrown instanceof SyntaxError)) return null;
  const { syntaxPlace } = await import('./syntax-place.ts');
  return syntaxPlace(file);
}

/** A frame of a file that is in no package. */
const OF_APP = /file:\/\/(?!.*\/node_modules\/).+:\d+/;

function wrong(message: string, expected: string, cause?: unknown, hint?: string): TidegateError {
  return new TidegateError('invalid_config', message, {
    field: '--app',
    expected,
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}
