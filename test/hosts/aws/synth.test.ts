/** The programs that the guide shows, run as CDK runs them: what they make, and what they refuse. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const EXAMPLE = join(import.meta.dirname, '../../examples/aws');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidegate-programs-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program as `cdk synth` does, into a folder of that name. */
function synth(program: string, name: string, context: object = {}) {
  const outdir = join(folder, name);
  const env = { ...process.env, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify(context) };
  const { status, stderr } = spawnSync(process.execPath, [join(EXAMPLE, program)], {
    env,
    cwd: folder,
    encoding: 'utf8',
  });
  const files = status === 0 ? readdirSync(outdir) : [];
  const templates = files.filter((file) => file.endsWith('.template.json'));
  return { status, stderr, outdir, templates, assets: files.filter((file) => file.startsWith('asset.')) };
}

const LOADED = { timeout: 120_000 };

test('a whole stack, named by its app and its stage; the command line goes before the file', LOADED, () => {
  const context = { stage: 'prod', auth: 'none', tags: '{"team":"heat"}', memoryMb: '1024' };
  const { stderr, templates, assets, outdir } = synth('aws.ts', 'staged', context);
  expect([stderr, templates]).toEqual(['', ['rooms-prod.template.json']]);
  const [asset = ''] = assets;
  const entries = readdirSync(join(outdir, asset)).filter((name) => name.startsWith('lambda-'));
  expect(entries).toEqual(['lambda-http.mjs', 'lambda-queue.mjs', 'lambda-scheduled.mjs']);
  const template = JSON.stringify(JSON.parse(readFileSync(join(outdir, 'rooms-prod.template.json'), 'utf8')));
  const parts = ['rooms-prod/PUSH_TOKEN', '"TIDEGATE_STAGE":"prod"', '"AUTH":"none"', '"MemorySize":1024', '"heat"'];
  for (const part of parts) expect(template).toContain(part);
});

test('a part of somebody’s own stack, whose bucket its functions read', LOADED, () => {
  const { stderr, templates, outdir } = synth('own-stack.ts', 'own');
  expect([stderr, templates]).toEqual(['', ['plant.template.json']]);
  const { Resources } = JSON.parse(readFileSync(join(outdir, 'plant.template.json'), 'utf8')) as {
    Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
  };
  const functions = Object.values(Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
  expect(functions).toHaveLength(4);
  for (const { Properties } of functions) expect(JSON.stringify(Properties)).toContain('"REPORTS":{"Ref":"Reports');
});

test('a mistake is a message, with what was expected, and nothing is made', LOADED, () => {
  const { status, stderr, outdir } = synth('aws.ts', 'refused', { stage: 'Prod' });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^tidegate: stage: expected a name of 1 to 20 .*\n$/);
  expect(readdirSync(outdir)).toEqual([]);
});
