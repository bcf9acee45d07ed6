/** A missing `await` in one tool of an app, and the process that serves it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runCli, temporaryFolder } from '../child.ts';
import { connectClient } from '../clients.ts';

const INDEX = join(import.meta.dirname, '../../../src/index.ts');
const APP = `import { defineApp, tool } from ${JSON.stringify(INDEX)};
const refused = () => Promise.reject(new Error('the row is wrong'));
export default defineApp({
  name: 'stray', version: '1.0.0', description: 'Leaves a promise alone',
  tools: {
    careless: tool({ description: 'Waits for nothing.', run: () => { void refused(); return Promise.resolve({ structured: { said: 'done' } }); } }),
  },
});
`;

test('the process goes on for all others, and says what was left alone', { timeout: 60_000 }, async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'app.ts');
  writeFileSync(file, APP);
  const child = runCli(['start', '--app', file], { STORE: 'memory' });
  const client = await connectClient(await child.url());
  onTestFinished(() => client.close());
  for (let call = 0; call < 3; call += 1) expect(JSON.stringify(await client.call('careless', {}))).toContain('done');
  await expect.poll(() => child.stderr() + child.stdout()).toContain('no code waits for it');
  expect(child.stderr() + child.stdout()).toContain('the row is wrong');
  child.kill('SIGTERM');
  expect(await child.ended).toBe(0);
});
