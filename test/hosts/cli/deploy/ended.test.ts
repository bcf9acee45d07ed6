/** A deployment that is ended while it looks at the folder: nothing of it stays there, and what a killed one leaves is removed by the next. */
import { existsSync, mkdirSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from '../../child.ts';
import { awsFolder } from './aws-folder.ts';

const APP = `import { defineApp, stream } from 'tidegate';
import * as z from 'zod';
export default defineApp({ name: 'shop', version: '1.0.0', description: 'A shop', streams: {
  prices: stream({ description: 'Prices.', schema: z.object({ price: z.number() }) }) } });\n`;

function folderThatWaits() {
  const folder = awsFolder({ 'app.ts': APP }, { waits: true });
  folder.removeFile('aws.ts');
  const own = join(folder.path, 'tmp');
  mkdirSync(own);
  const calls = join(folder.path, 'node_modules/aws-cdk/bin/calls.jsonl');
  return {
    folder,
    begun: async () => {
      const child = runCli(['deploy', 'aws', '--dry-run'], { TMPDIR: own }, folder.path);
      await expect.poll(() => existsSync(calls), { timeout: 20_000 }).toBe(true);
      return child;
    },
    /** What stands in the folder and in the system's folder for temporary ones. */
    left: () => [...folder.names(), ...readdirSync(own).filter((name) => name.startsWith('tidegate-'))],
    go: () => folder.write('node_modules/aws-cdk/bin/state.json', '{}'),
  };
}

test.each(['SIGINT', 'SIGTERM'] as const)('ended by %s it leaves nothing, and no program behind it', async (signal) => {
  const { begun, left } = folderThatWaits();
  const child = await begun();
  child.kill(signal);
  expect(await child.ended).toBe(signal);
  expect(left()).toEqual(['app.ts', 'template.json', 'tmp']);
});

test('killed it leaves what no repository keeps, and the next one removes it', async () => {
  const { folder, begun, left, go } = folderThatWaits();
  const child = await begun();
  child.kill('SIGKILL');
  expect(await child.ended).toBe('SIGKILL');
  expect(left()).toEqual(['.tidegate', 'app.ts', 'template.json', 'tmp', expect.stringMatching(/^tidegate-synth-/)]);
  const anHourAgo = new Date(Date.now() - 3_700_000);
  const places = [join(folder.path, '.tidegate'), join(folder.path, 'tmp')];
  for (const place of places)
    for (const name of readdirSync(place)) utimesSync(join(place, name), anHourAgo, anHourAgo);
  go();
  const next = runCli(['deploy', 'aws', '--dry-run'], { TMPDIR: join(folder.path, 'tmp') }, folder.path);
  expect(await next.ended, next.stderr()).toBe(0);
  expect(readdirSync(join(folder.path, '.tidegate'))).toEqual([]);
  expect(left().filter((name) => name.startsWith('tidegate-'))).toEqual([]);
});
