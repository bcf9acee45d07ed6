/**
 * What a deploy uploads. Wrangler makes one file: what is imported on demand is in it all the same, so what the app does
 * not declare has to fall away.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';

const ROOT = resolve(import.meta.dirname, '../../..');
/**
 * Measured: 484 KiB, minified, and without names of functions, which were 43 more: 30 more since sessions, questions and listeners of
 * earlier revisions are served, 8 more since browsers hear events, 53 more since there are triggers, alarms, deliveries and the events
 * extension. What is left is room.
 */
const MOST_GZIPPED_KIB = 490;

const Meta = z.object({
  outputs: z.record(
    z.string(),
    z.object({
      inputs: z.record(z.string(), z.object({ bytesInOutput: z.number() })),
      imports: z.array(z.object({ path: z.string() })),
    }),
  ),
});

function bundle(main: string) {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-bundle-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const wrangler = join(ROOT, 'node_modules/wrangler/bin/wrangler.js');
  const args = ['deploy', main, '--dry-run', `--outdir=${folder}`, `--metafile=${join(folder, 'meta.json')}`];
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: 'true' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [wrangler, ...args], {
    cwd: ROOT,
    env,
    encoding: 'utf8',
    timeout: 30_000,
  });
  expect(status, stdout + stderr).toBe(0);
  const meta = Meta.parse(JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8')));
  const [output] = Object.values(meta.outputs).filter(({ inputs }) => Object.keys(inputs).length > 0);
  const text = readFileSync(join(folder, main.replace(/.*\//, '').replace(/ts$/, 'js')), 'utf8');
  return { inputs: output?.inputs ?? {}, imports: (output?.imports ?? []).map(({ path }) => path), text };
}

/** Bytes of each package, and of our own code, in the bundle. */
function byPackage(inputs: Record<string, { bytesInOutput: number }>): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? 'ours';
    sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput);
  }
  return sizes;
}

test('the deployed app is small, and carries nothing that it does not use', { timeout: 40_000 }, () => {
  const { inputs, imports, text } = bundle('src/hosts/workers/worker.ts');
  const sizes = byPackage(inputs);
  const gzipped = gzipSync(text).length / 1_024;
  const largest = [...sizes].sort((a, b) => b[1] - a[1]).map(([name, bytes]) => `${name} ${Math.round(bytes / 1_024)}`);
  console.log(`Worker: ${gzipped.toFixed(1)} KiB gzipped; KiB before: ${largest.join(', ')}`);
  expect(gzipped).toBeLessThan(MOST_GZIPPED_KIB);
  expect([...sizes.keys()]).toEqual(expect.arrayContaining(['ours', 'hono', 'zod', '@upstash/redis']));
  const unwanted = [
    '@aws-sdk/client-dynamodb',
    'mqtt-packet',
    'readable-stream',
    'entities',
    'eventsource-parser',
    'undici',
    'aedes',
    '@hono/node-server',
  ];
  expect(unwanted.filter((name) => sizes.has(name))).toEqual([]);
  const elsewhere =
    /src\/(store\/(drivers\/sqlite\.ts|contract\/)|hosts\/(node|lambda|demo|cli|testing)\/)|cfWorkerProvider/;
  expect(Object.keys(inputs).filter((path) => elsewhere.test(path))).toEqual([]);
  // No module of Node's is asked for: all of it is web platform, and the platform's own sockets and way to go on behind an answer.
  expect(imports.toSorted()).toEqual(['cloudflare:sockets', 'cloudflare:workers']);
  expect(text).not.toContain('node:sqlite');
});

test('an app with an MQTT feed carries the protocol', { timeout: 40_000 }, () => {
  const sizes = byPackage(bundle('test/hosts/workers/app.ts').inputs);
  expect(sizes.has('mqtt-packet')).toBe(true);
  expect([...sizes.keys()].filter((name) => ['undici', 'aedes', '@hono/node-server'].includes(name))).toEqual([]);
});

test(
  'an app whose feeds read CSV and RSS carries what reads those, and what runs nowhere else',
  { timeout: 40_000 },
  () => {
    const { inputs, imports } = bundle('test/hosts/workers/queries-app.ts');
    const sizes = byPackage(inputs);
    expect([...sizes.keys()]).toEqual(expect.arrayContaining(['entities']));
    expect(['eventsource-parser', 'mqtt-packet'].filter((name) => sizes.has(name))).toEqual([]);
    expect(imports.filter((path) => path.startsWith('node:'))).toEqual([]);
  },
);

test('a Worker that is built with DynamoDB carries its client', { timeout: 40_000 }, () => {
  const sizes = byPackage(bundle('test/hosts/workers/dynamodb-app.ts').inputs);
  expect(sizes.has('@aws-sdk/client-dynamodb')).toBe(true);
});
