/**
 * The code of the functions: ES modules for Lambda's Node, made by esbuild on this machine. What is loaded on demand is a
 * file of its own, so that a request which needs no store does not load the client of one.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildSync, type BuildOptions } from 'esbuild';

const ROOT = resolve(import.meta.dirname, '../..');
const ENTRY = join(ROOT, 'src/hosts/lambda');

/** File names of the entries, without their endings, by where they are. */
export const ENTRIES: Readonly<Record<string, string>> = {
  'lambda-http': join(ENTRY, 'http.ts'),
  'lambda-scheduled': join(ENTRY, 'scheduled.ts'),
};

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
    '@modelcontextprotocol/server/_shims': join(ROOT, 'src/hosts/sdk-shims.ts'),
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
  logLevel: 'warning',
} as const satisfies BuildOptions;

/** Builds into a folder, which has nothing else in it. */
export function bundle(
  outdir: string,
  entries: Readonly<Record<string, string>> = ENTRIES,
  more: BuildOptions = {},
): void {
  rmSync(outdir, { recursive: true, force: true });
  buildSync({ ...BUNDLE_OPTIONS, ...more, entryPoints: { ...entries }, outdir });
}

/** Builds into a folder of its own below the system's temporary one, and answers where. */
export function bundleTemporarily(entries: Readonly<Record<string, string>> = ENTRIES): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-lambda-'));
  bundle(join(folder, 'code'), entries);
  return join(folder, 'code');
}
