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
  const module = (await import(href).catch(async (thrown: unknown) => {
    throw await notLoaded(file, href, thrown);
  })) as Record<string, unknown>;
  return appOf(file, module);
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
  const place = placeOf(thrown, href);
  const message = `${file} does not load: ${reasonOf(thrown)}${place === null ? '' : `\n  in ${place}`}`;
  if (isOfFile) return wrong(message, MODULE, thrown);
  return wrong(message, 'a module that loads, and exports an app', thrown, await hintOf(file, thrown, exportedNames));
}

/** What the package exports. */
async function exportedNames(): Promise<string[]> {
  return Object.keys((await import(builtName('../../../index.ts'))) as object);
}

/** The line of the app's own file where it went wrong; null where the stack does not say, as for the syntax of JavaScript. */
function placeOf(thrown: unknown, href: string): string | null {
  const stack = thrown instanceof Error ? (thrown.stack ?? '') : '';
  const path = fileURLToPath(href);
  const lines = stack.split('\n');
  const found = lines.find((line) => line.includes(`${href}:`) || line.startsWith(`${path}:`));
  const [, at = ''] = /:(\d+(?::\d+)?)\)?$/.exec(found ?? '') ?? [];
  return at === '' ? null : `${path}:${at}`;
}

function wrong(message: string, expected: string, cause?: unknown, hint?: string): TidegateError {
  return new TidegateError('invalid_config', message, {
    field: '--app',
    expected,
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}
