/** What the emulated runtime of Lambda adds to a start: less than what is measured with it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startInstance } from '../../infra/local/lambda-instance.ts';

const HANDLER =
  'export const handler = async () => process.moduleLoadList.filter((name) => /undici|fetch/.test(name));';

test('it leaves fetch to be loaded by a handler that needs it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-instance-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'least.mjs'), HANDLER);
  const least = { folder, handler: 'least.handler', environment: {}, timeoutMs: 10_000 };
  const instance = await startInstance(least, () => {});
  onTestFinished(() => instance.stop());
  await instance.ready;
  const { outcome, done } = instance.invoke({});
  expect(await outcome).toEqual({ kind: 'value', value: [] });
  await done;
});
