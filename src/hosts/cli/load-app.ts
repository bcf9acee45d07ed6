/** Loads the app that the command line names. A file that is no app is refused with a message that names the place, and without a stack. */
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { App } from '../../declare/app.ts';
import { TidegateError } from '../../base/errors.ts';
import { nearestName } from '../../base/known-names.ts';

const MODULE = 'a .ts, .mts, .js or .mjs module with `export default defineApp({ … })`';

/** What to do about an error of Node's, where its message does not say it. */
const HINTS: Record<string, string> = {
  ERR_MODULE_NOT_FOUND: 'install the package in the folder of that module, or mend the path',
  ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX:
    'Node takes types away and nothing more: write enums, namespaces and parameter properties as JavaScript, or build the file first',
};

/** @param file null: the built-in app. @throws TidegateError `invalid_config`, its own where the declaration is wrong. */
export async function loadApp(file: string | null): Promise<App> {
  if (file === null) return ((await import(builtName('../../app.ts'))) as { default: App }).default;
  const { href } = pathToFileURL(resolve(file));
  const module = (await import(href).catch(async (thrown: unknown) => {
    throw await notLoaded(file, href, thrown);
  })) as { default?: App };
  if (module.default?.streams instanceof Map) return module.default;
  throw wrong(`${file} has no app as its default export`, MODULE);
}

/** In the published package this file is JavaScript, and so is its neighbour. */
function builtName(neighbour: string): string {
  const { href } = new URL(neighbour, import.meta.url);
  return import.meta.url.endsWith('.js') ? href.replace(/\.ts$/, '.js') : href;
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
  const hint = HINTS[code ?? ''] ?? (await exportHint(thrown)) ?? `node ${file} shows the whole stack`;
  return wrong(message, 'a module that loads, and exports an app', thrown, hint);
}

/** Which export of the package was probably meant; null where the error is another. */
async function exportHint(thrown: unknown): Promise<string | null> {
  const [, name] = /'tidegate' does not provide an export named '(\w+)'/.exec(reasonOf(thrown)) ?? [];
  if (name === undefined) return null;
  const near = nearestName(name, Object.keys((await import(builtName('../../index.ts'))) as object));
  return near === null ? null : `did you mean ${near}?`;
}

function reasonOf(thrown: unknown): string {
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return text.split('\n', 1)[0] ?? '';
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
