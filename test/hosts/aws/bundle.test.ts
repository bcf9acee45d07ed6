/** What the functions carry, and what of it a start has to read. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Metafile } from 'esbuild';
import { startLambda } from '../../../infra/local/lambda.ts';
import type { TidegateError } from '../../../src/base/errors.ts';
import { expect, onTestFinished, test } from 'vitest';
import { bundleApp, type Entry } from '../../../src/hosts/aws/bundle.ts';

const ENTRIES: Entry[] = ['lambda-http', 'lambda-scheduled'];
const APP = join(import.meta.dirname, '../../../src/app.ts');
const { metafile = { inputs: {}, outputs: {} } } = bundleApp('/out', { appFile: APP }, ENTRIES, {
  write: false,
  metafile: true,
});

/** Packages and bytes of the files that are read when an entry is loaded, without what it loads on demand. */
function readAtStart(meta: Metafile, entry: string): { packages: Set<string>; bytes: number } {
  return readFor(meta, (name) => name.endsWith(`/${entry}.mjs`));
}

function readFor({ outputs }: Metafile, isAsked: (name: string, inputs: string[]) => boolean) {
  const files = new Set(Object.keys(outputs).filter((name) => isAsked(name, Object.keys(outputs[name]?.inputs ?? {}))));
  for (const file of files) {
    for (const { path, kind } of outputs[file]?.imports ?? []) if (kind === 'import-statement') files.add(path);
  }
  const found = [...files].flatMap((file) => outputs[file] ?? []);
  const inputs = found.flatMap((output) => Object.keys(output.inputs));
  const packages = inputs.flatMap((input) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? []);
  return { packages: new Set(packages), bytes: found.reduce((sum, { bytes }) => sum + bytes, 0) };
}

test.each(ENTRIES)('%s reads little at its start: neither the SDK nor the client of a store', (entry) => {
  const { packages, bytes } = readAtStart(metafile, entry);
  expect([...packages].filter((name) => !['hono', 'zod'].includes(name))).toEqual([]);
  // Measured: 387,300, half of them zod. A hundredth more is room.
  expect(bytes).toBeLessThan(391_000);
});

test('plain requests are answered without the SDK', () => {
  const needed = ['hosts/serving.ts', 'hosts/task-deps.ts'];
  const { packages } = readFor(metafile, (_, inputs) =>
    needed.some((file) => inputs.some((name) => name.endsWith(file))),
  );
  expect([...packages].toSorted()).toEqual(['zod']);
});

test('AWS’s client is in it, for Node, to be loaded on demand', () => {
  const inputs = Object.keys(metafile.inputs);
  expect(inputs.some((input) => input.includes('@aws-sdk/client-dynamodb'))).toBe(true);
  expect(inputs.some((input) => input.includes('@smithy/node-http-handler'))).toBe(true);
  expect(inputs.filter((input) => /@(aws-sdk|smithy)\/.*index\.browser\.js/.test(input))).toEqual([]);
});

test('no JSON Schema validator is in it', () => {
  expect(
    Object.keys(metafile.inputs).filter((input) => /node_modules\/ajv\/|ajvProvider|cfWorkerProvider/.test(input)),
  ).toEqual([]);
});

/** Modules of an operator, in a folder for the test. */
function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-bundle-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

test('two clones of an app make the same bytes, so that nothing is uploaded anew', () => {
  const folder = folderWith({});
  const made = ['a', 'b'].map((clone) => {
    mkdirSync(join(folder, clone));
    const appFile = join(folder, clone, 'app.mjs');
    writeFileSync(appFile, 'export default await Promise.resolve({ streams: new Map() });');
    const out = join(folder, `${clone}-out`);
    bundleApp(out, { appFile }, ['lambda-scheduled']);
    return readdirSync(out).map((name) => [name, readFileSync(join(out, name), 'utf8')]);
  });
  expect(made[0]?.length).toBeGreaterThan(10);
  expect(made[1]).toEqual(made[0]);
});

test.each([
  ['export default {', /^appFile: .*app\.mjs:1: .*end of file/],
  ["import 'no-such-package'; export default 1;", /Could not resolve "no-such-package".*install the package/],
  ["import './a.node'; export default 1;", /\.node.*native modules/],
  ["import './a.sql'; export default 1;", /a\.sql.*bundle: \{ loader/],
])('a module that cannot be bundled is told with its place: %s', (text, told) => {
  const folder = folderWith({ 'app.mjs': text, 'a.node': '', 'a.sql': '' });
  const build = () => bundleApp('/out', { appFile: join(folder, 'app.mjs') }, ['lambda-scheduled'], { write: false });
  const thrown = expect.objectContaining({ code: 'invalid_config', field: 'appFile' }) as Error;
  expect(build).toThrow(thrown);
  try {
    build();
  } catch (error) {
    const { message, hint } = error as TidegateError;
    expect(`${message} ${hint}`).toMatch(told);
  }
});

test('a file that is not there is told by its path', () => {
  expect(() => bundleApp('/out', { appFile: 'no-app.ts' }, ['lambda-http'])).toThrow(
    /^appFile: there is no file .*no-app\.ts$/,
  );
  expect(() => bundleApp('/out', { hostFile: 'no-host.ts' }, ['lambda-http'])).toThrow(/^hostFile: there is no file/);
  expect(() => bundleApp('/out', {}, ['lambda-http'])).toThrow(expect.objectContaining({ field: 'appFile' }) as Error);
});

test('a host of somebody’s own runs, with await at the top, and with a package of CommonJS that asks for Node', async () => {
  const folder = folderWith({
    'old.cjs': "module.exports = { text: () => require('querystring').stringify({ a: 1 }) };",
    'host.mjs': `
      import old from './old.cjs';
      const text = await Promise.resolve(old.text());
      const body = JSON.stringify({ text, hasUrl: import.meta.url.startsWith('file:') });
      export default { stream: async () => {}, buffered: async () => ({ statusCode: 200, body }) };`,
  });
  const code = join(folder, 'code');
  bundleApp(code, { hostFile: pathToFileURL(join(folder, 'host.mjs')) }, ['lambda-http']);
  const lambda = await startLambda({
    folder: code,
    handler: 'lambda-http.buffered',
    environment: {},
    timeoutMs: 10_000,
  });
  onTestFinished(() => lambda.stop());
  expect(await (await fetch(lambda.url)).json()).toEqual({ text: 'a=1', hasUrl: true });
});
