/** The secret that a start makes for itself: kept, private, and one for all who start. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from '../../../src/store/drivers/open.ts';
import { nodeSecrets } from '../../../src/hosts/node/secrets.ts';
import { temporaryFolder } from '../child.ts';

const at = (path: string, more: Record<string, string> = {}) => readConfig({ SQLITE_PATH: path, ...more }, 'sqlite');

test('is made beside the sqlite file, for its user alone, and kept', async () => {
  const folder = temporaryFolder();
  const config = at(join(folder, 'sub/app.db'));
  // Who only looks makes none.
  expect(await nodeSecrets(config, 'app', false)).toBeNull();
  const secrets = await nodeSecrets(config, 'app');
  expect(await nodeSecrets(config, 'app', false)).toEqual(secrets);
  const file = join(folder, 'sub/app.db.secret');
  expect(secrets).toEqual({ current: readFileSync(file, 'utf8').trim(), previous: null });
  expect(secrets?.current).toMatch(/^[\w-]{43,}$/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await nodeSecrets(config, 'app')).toEqual(secrets);
  expect(await nodeSecrets(at(join(folder, 'other.db')), 'app')).not.toEqual(secrets);
});

test('is the same for all that start at once, and nothing else is left behind', async () => {
  const folder = temporaryFolder();
  const config = at(join(folder, 'app.db'));
  const all = await Promise.all(Array.from({ length: 10 }, () => nodeSecrets(config, 'app')));
  expect(new Set(all.map((secrets) => secrets?.current)).size).toBe(1);
  expect(readdirSync(folder)).toEqual(['app.db.secret']);
});

test('gives way to that of the environment, and no file is made', async () => {
  const folder = temporaryFolder();
  const config = at(join(folder, 'app.db'), { TIDEGATE_SECRET: 's'.repeat(32) });
  expect(await nodeSecrets(config, 'app')).toEqual({ current: 's'.repeat(32), previous: null });
  expect(readdirSync(folder)).toEqual([]);
});

test('is of the process where the store is, and must be given where others share the store', async () => {
  const inMemory = readConfig({}, 'memory');
  const [one, two] = [await nodeSecrets(inMemory, 'app'), await nodeSecrets(inMemory, 'app')];
  expect(one?.current.length).toBeGreaterThanOrEqual(32);
  expect(one).not.toEqual(two);
  expect(await nodeSecrets(readConfig({ DYNAMODB_TABLE: 'live' }, 'dynamodb'), 'app')).toBeNull();
});

test('that is too short or cannot be read ends the start, and the message names the file', async () => {
  const folder = temporaryFolder();
  const short = join(folder, 'short.db');
  writeFileSync(`${short}.secret`, 'short\n');
  const wrong = { code: 'invalid_config', field: 'TIDEGATE_SECRET' };
  await expect(nodeSecrets(at(short), 'app')).rejects.toMatchObject(wrong);
  await expect(nodeSecrets(at(short), 'app')).rejects.toThrow(`${short}.secret`);
  const directory = join(folder, 'directory.db');
  mkdirSync(`${directory}.secret`);
  await expect(nodeSecrets(at(directory), 'app')).rejects.toMatchObject(wrong);
});
