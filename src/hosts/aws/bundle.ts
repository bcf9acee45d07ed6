/**
 * The code of the functions: ES modules for Lambda's Node, made by esbuild on this machine of the app's own file and of this
 * package. What is loaded on demand is a file of its own, so that a request which needs no store does not load the client of one.
 * The same app makes the same bytes in whichever folder, so that a deployment without a change uploads nothing.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync, type BuildFailure, type BuildOptions, type BuildResult } from 'esbuild';
import { TidegateError } from '../../base/errors.ts';

/** This file is TypeScript in the repository, and JavaScript in the package; so are its neighbours. */
const neighbour = (path: string) => join(import.meta.dirname, `${path}${extname(import.meta.filename)}`);

/** What a function's code begins with: names of the file, as in `lambda-http.stream`. */
const ENTRIES = {
  'lambda-http': neighbour('entry-http'),
  'lambda-scheduled': neighbour('entry-scheduled'),
  'lambda-queue': neighbour('entry-queue'),
  'lambda-records': neighbour('entry-records'),
} as const;

export type Entry = keyof typeof ENTRIES;

/** What a bundler of one's own may be given for an app that needs it, in esbuild's words. */
export type BundleChoices = Pick<BuildOptions, 'external' | 'define' | 'loader' | 'minify' | 'sourcemap' | 'tsconfig'>;

/** How everything is built that runs on Lambda, whatever it is. */
export const BUNDLE_OPTIONS = {
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // The AWS client has a build for browsers under that condition, so it cannot be named here.
  conditions: ['module'],
  alias: {
    // Without a JSON Schema validator, which is not used; and unlike the SDK's own file for workerd, it makes the SDK's
    // schemas when they are needed.
    '@modelcontextprotocol/server/_shims': neighbour('../sdk-shims'),
  },
  mainFields: ['module', 'main'],
  minify: true,
  // Messages of errors name types.
  keepNames: true,
  legalComments: 'none',
  outExtension: { '.js': '.mjs' },
  chunkNames: 'chunk-[hash]',
  // Some packages of the AWS client are CommonJS and ask for Node's own modules.
  banner: { js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);` },
  logLevel: 'silent',
} as const satisfies BuildOptions;

/** Which module the functions run: one of the two. */
interface BundleSource {
  appFile?: string | URL | undefined;
  hostFile?: string | URL | undefined;
}

/**
 * Builds into an empty folder. A path that is not absolute is of the current folder.
 * @throws TidegateError `invalid_config` naming `appFile` or `hostFile`, for a file that is not there or that esbuild refuses
 */
export function bundleApp(
  outdir: string,
  source: BundleSource,
  entries: readonly Entry[],
  more: BuildOptions = {},
): BuildResult {
  const { field, file } = fileOf(source);
  const host = field === 'hostFile' ? file : neighbour('entry-host');
  const deployed = { 'deployed:host': host, ...(field === 'appFile' ? { 'deployed:app': file } : {}) };
  try {
    return buildSync({
      ...BUNDLE_OPTIONS,
      // Names of chunks are made of paths too: those below the app are the same in every clone of it.
      absWorkingDir: dirname(file),
      alias: { ...BUNDLE_OPTIONS.alias, ...deployed },
      ...more,
      entryPoints: Object.fromEntries(entries.map((entry) => [entry, ENTRIES[entry]])),
      outdir,
    });
  } catch (thrown) {
    throw isBuildFailure(thrown) ? refused(field, thrown) : thrown;
  }
}

/** Builds into a folder of its own below the system's temporary one, and answers where. Whoever asks takes it away. */
export function bundleTemporarily(
  source: BundleSource,
  entries: readonly Entry[],
  more: BuildOptions = {},
): { code: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-lambda-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    bundleApp(join(folder, 'code'), source, entries, more);
  } catch (thrown) {
    remove();
    throw thrown;
  }
  return { code: join(folder, 'code'), remove };
}

function fileOf({ appFile, hostFile }: BundleSource): { field: 'appFile' | 'hostFile'; file: string } {
  if (hostFile !== undefined) return { field: 'hostFile', file: existing('hostFile', hostFile) };
  if (appFile !== undefined) return { field: 'appFile', file: existing('appFile', appFile) };
  const expected = 'the module of the app, such as app.ts, with the app as its default export';
  throw new TidegateError('invalid_config', `appFile: expected ${expected}`, { field: 'appFile', expected });
}

function existing(field: string, file: string | URL): string {
  const path = file instanceof URL || file.startsWith('file:') ? fileURLToPath(file) : resolve(file);
  if (existsSync(path)) return path;
  throw new TidegateError('invalid_config', `${field}: there is no file ${path}`, {
    field,
    expected: 'a path that is absolute, or of the folder where the command runs',
  });
}

function isBuildFailure(thrown: unknown): thrown is BuildFailure {
  return thrown instanceof Error && 'errors' in thrown && Array.isArray(thrown.errors);
}

/** Most of what esbuild says that a message repeats. */
const MOST_TOLD = 3;

function refused(field: string, failure: BuildFailure): TidegateError {
  const told = failure.errors.slice(0, MOST_TOLD).map(({ text, location }) => {
    const at = location === null ? '' : `${location.file}:${location.line}: `;
    return `${at}${text}`;
  });
  return new TidegateError('invalid_config', `${field}: the functions cannot be bundled: ${told.join('; ')}`, {
    field,
    expected: 'modules that esbuild can bundle for Node',
    hint: hintOf(told.join('\n')),
  });
}

function hintOf(told: string): string {
  if (/No loader is configured for "\.node"/.test(told)) {
    return 'native modules do not go into a bundle: use a package of JavaScript or WebAssembly, or name it in bundle.external and bring it in a layer';
  }
  if (/No loader is configured/.test(told)) return "say what that file is: bundle: { loader: { '.ext': 'text' } }";
  if (/Could not resolve/.test(told)) {
    return 'install the package in the folder of the app, or name it in bundle.external where the app does without it';
  }
  return 'mend that file; its own type check may say more';
}
