/** What the functions carry, and what of it a start has to read. */
import { buildSync, type Metafile } from 'esbuild';
import { expect, test } from 'vitest';
import { BUNDLE_OPTIONS, ENTRIES } from '../../infra/aws/bundle.ts';

const { metafile } = buildSync({
  ...BUNDLE_OPTIONS,
  entryPoints: { ...ENTRIES },
  outdir: 'out',
  write: false,
  metafile: true,
});

/** Packages and bytes of the files that are read when an entry is loaded, without what it loads on demand. */
function readAtStart({ outputs }: Metafile, entry: string): { packages: Set<string>; bytes: number } {
  const files = new Set([`out/${entry}.mjs`]);
  for (const file of files) {
    for (const { path, kind } of outputs[file]?.imports ?? []) if (kind === 'import-statement') files.add(path);
  }
  const found = [...files].flatMap((file) => outputs[file] ?? []);
  const inputs = found.flatMap((output) => Object.keys(output.inputs));
  const packages = inputs.flatMap((input) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? []);
  return { packages: new Set(packages), bytes: found.reduce((sum, { bytes }) => sum + bytes, 0) };
}

test.each(Object.keys(ENTRIES))('%s reads little at its start: neither the SDK nor the client of a store', (entry) => {
  const { packages, bytes } = readAtStart(metafile, entry);
  expect([...packages].filter((name) => !['hono', 'zod'].includes(name))).toEqual([]);
  // Measured: 387,300, half of them zod. A hundredth more is room.
  expect(bytes).toBeLessThan(391_000);
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
