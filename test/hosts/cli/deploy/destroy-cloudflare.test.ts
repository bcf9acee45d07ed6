/** `tidegate destroy cloudflare`: what goes, in which order, and who has to say so. */
import { expect, onTestFinished, test } from 'vitest';
import { destroyCloudflare } from '../../../../src/hosts/cli/deploy/destroy-cloudflare.ts';
import { wranglerToml } from '../../../../src/hosts/platforms/cloudflare-settings.ts';
import { defineApp } from '../../../../src/index.ts';
import { makeAppFolder, optionsIn, scriptedAsker } from './app-folder.ts';

const app = defineApp({ name: 'shop', version: '1.0.0', description: 'A shop' });
const settings = (environment: string | null) =>
  wranglerToml({ schedule: true, queue: true }, { worker: 'shop', auth: 'keys', store: 'redis', environment });
const THERE = {
  workers: { shop: ['API_KEY'], 'shop-staging': ['API_KEY'] },
  queues: ['shop-tasks', 'shop-tasks-dead', 'shop-staging-tasks', 'shop-staging-tasks-dead', 'others'],
};

function folderWith(environment: string | null, account: object = THERE) {
  const folder = makeAppFolder({ 'app.ts': '', 'wrangler.toml': settings(environment) }, account);
  onTestFinished(() => folder.remove());
  return folder;
}

test('the one that is named goes, with its queues, and nothing else; again there is nothing left', async () => {
  const folder = folderWith('staging');
  const options = optionsIn(folder, app, { environment: 'staging' });
  expect(await destroyCloudflare(options)).toBe(0);
  expect(folder.changes()).toEqual([
    'queues consumer remove shop-staging-tasks shop-staging',
    'delete --env=staging',
    'queues delete shop-staging-tasks',
    'queues delete shop-staging-tasks-dead',
  ]);
  expect(folder.account()).toMatchObject({
    workers: { shop: ['API_KEY'] },
    queues: ['shop-tasks', 'shop-tasks-dead', 'others'],
  });
  expect(options.printed.join('\n')).toContain('stays: the data');
  const again = optionsIn(folder, app, { environment: 'staging' });
  expect(await destroyCloudflare(again)).toBe(0);
  expect([folder.changes().length, again.printed.join('\n')]).toEqual([4, expect.stringContaining('nothing left')]);
});

test.each([
  ['an environment that the settings do not have', { environment: 'prod' }, 'staging', /no environment prod/],
  ['no environment where there are some, and --yes', {}, 'staging', /none is named/],
  ['nobody to be asked', { yes: false }, null, /nobody can be asked/],
  [
    'another name that is typed',
    { yes: false, asker: scriptedAsker({ 'Type shop': 'shop-staging' }) },
    null,
    /nothing was deleted/,
  ],
])('with %s nothing is deleted', async (_what, given, environment, message) => {
  const folder = folderWith(environment);
  await expect(destroyCloudflare(optionsIn(folder, app, given))).rejects.toThrow(message);
  expect(folder.changes()).toEqual([]);
});

test('a dry run and a plan delete nothing, and a dry run asks no account', async () => {
  const folder = folderWith(null, { ...THERE, loggedIn: false });
  expect(await destroyCloudflare(optionsIn(folder, app, { dryRun: true, yes: false }))).toBe(0);
  expect(folder.calls()).toEqual([]);
  folder.change({ loggedIn: true });
  const options = optionsIn(folder, app, { json: true, yes: false });
  expect(await destroyCloudflare(options)).toBe(0);
  expect(JSON.parse(options.printed[0] ?? '')).toMatchObject({
    does: 'destroy',
    name: 'shop',
    steps: [{ state: 'to do' }, {}, {}],
  });
  expect(folder.changes()).toEqual([]);
});

test('where a step fails the rest is left, and the same command goes on', async () => {
  const folder = folderWith(null, { ...THERE, fails: 'queues delete shop-tasks-dead' });
  await expect(destroyCloudflare(optionsIn(folder, app))).rejects.toThrow(/queues delete shop-tasks-dead failed/);
  folder.change({ fails: undefined });
  expect(await destroyCloudflare(optionsIn(folder, app))).toBe(0);
  expect(folder.changes().slice(-1)).toEqual(['queues delete shop-tasks-dead']);
});
