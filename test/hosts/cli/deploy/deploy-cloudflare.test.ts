/** `tidegate deploy cloudflare` over a stand-in for wrangler that writes down how it is called, in folders of operators. */
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { deployCloudflare } from '../../../../src/hosts/cli/deploy/deploy-cloudflare.ts';
import { defineApp, http, secret, stream, task } from '../../../../src/index.ts';
import { type Account, type AppFolder, makeAppFolder, optionsIn, scriptedAsker } from './app-folder.ts';

const app = defineApp({
  name: 'shop',
  version: '1.0.0',
  description: 'A shop',
  streams: {
    prices: stream({
      description: 'Prices.',
      schema: z.object({ price: z.number() }),
      feed: http({ url: 'https://prices.example/all', headers: { Authorization: secret('API_KEY') } }),
    }),
  },
  tasks: { bake: task({ description: 'Bakes.', version: '1', input: z.object({}), run: async () => 'a cake' }) },
});

const SECRETS = {
  API_KEY: 'key of the shop',
  UPSTASH_REDIS_REST_URL: 'https://redis.example',
  UPSTASH_REDIS_REST_TOKEN: 'token of redis',
};
const DOTENV = Object.entries(SECRETS)
  .map(([name, value]) => `${name}="${value}"\r\n`)
  .join('');

function folderWith(files: Record<string, string>, account: Partial<Account> = {}): AppFolder {
  const folder = makeAppFolder({ 'app.ts': '', ...files }, account);
  onTestFinished(() => folder.remove());
  return folder;
}

async function refusal(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'nothing was thrown',
    (thrown: unknown) => thrown,
  );
}

test('from an empty folder: settings are written, queues and secrets made, and it is deployed, once', async () => {
  const folder = folderWith({ '.env': DOTENV }, { needsQueues: ['shop-tasks', 'shop-tasks-dead'] });
  const options = optionsIn(folder, app);
  expect(await deployCloudflare(options)).toBe(0);
  expect(folder.names()).toEqual(['.env', 'app.ts', 'worker.ts', 'wrangler.toml']);
  expect(folder.changes()).toEqual([
    'queues create shop-tasks',
    'queues create shop-tasks-dead',
    'secret bulk --env=',
    'deploy --env=',
  ]);
  const bulk = folder.calls().find(({ argv }) => argv[1] === 'bulk');
  expect(JSON.parse(bulk?.stdin ?? '')).toEqual({
    ...SECRETS,
    TIDEGATE_SECRET: expect.stringMatching(/^[\da-f]{64}$/),
  });
  expect(bulk?.stdin).not.toContain('\n');
  expect(options.printed.join('\n')).toContain('https://shop.acme.workers.dev/mcp');

  // Again: what is there is left as it is.
  const before = folder.read('wrangler.toml');
  const again = optionsIn(folder, app);
  expect(await deployCloudflare(again)).toBe(0);
  expect(folder.changes().slice(4)).toEqual(['deploy --env=']);
  expect(folder.read('wrangler.toml')).toBe(before);
  expect(again.printed.filter((line) => /secret|queue/.test(line)).every((line) => line.includes('there'))).toBe(true);
});

test('no value of a secret is an argument, in the environment of a program, in a file or printed', async () => {
  const folder = folderWith({ '.env': DOTENV });
  const options = optionsIn(folder, app);
  await deployCloudflare(options);
  const shown = JSON.stringify([folder.calls().map(({ argv, environment }) => [argv, environment]), options.printed]);
  for (const [name, value] of Object.entries(SECRETS)) expect([name, shown.includes(value)]).toEqual([name, false]);
  expect(folder.calls().some(({ environment }) => environment.includes('API_KEY'))).toBe(false);
  for (const name of ['wrangler.toml', 'worker.ts']) expect(folder.read(name)).not.toContain('token of redis');
});

test('a named environment has its own file of secrets, and those of this machine do not get there', async () => {
  const folder = folderWith({ '.env': DOTENV });
  const options = optionsIn(folder, app, {
    environment: 'staging',
    variables: { ...process.env, CLOUDFLARE_ENV: 'production' },
  });
  expect(await deployCloudflare(options)).toBe(1);
  expect(options.printed.join('\n')).toMatch(/error: API_KEY: the secrets API_KEY, .* have no value\n.*\.env\.staging/);
  expect(folder.changes()).toEqual([]);
  expect(folder.names()).toEqual(['.env', 'app.ts']);
  folder.write('.env.staging', DOTENV.replace('key of the shop', 'key of staging'));
  expect(await deployCloudflare(optionsIn(folder, app, { environment: 'staging' }))).toBe(0);
  const { stdin } = folder.calls().find(({ argv }) => argv[1] === 'bulk') ?? { stdin: '' };
  expect(stdin).toContain('key of staging');
  expect(folder.account().workers).toEqual({ 'shop-staging': expect.arrayContaining(['API_KEY']) });
  expect(folder.account().queues).toEqual(['shop-staging-tasks', 'shop-staging-tasks-dead']);
  expect(folder.calls().map(({ cloudflareEnv }) => cloudflareEnv)).not.toContain('production');
});

test('on a terminal secrets are asked for without showing them, and the plan is agreed to', async () => {
  const folder = folderWith({});
  const asker = scriptedAsker({
    'Deploy shop?': 'y',
    API_KEY: 'typed',
    REST_URL: 'https://redis.example',
    REST_TOKEN: 'typed too',
  });
  expect(await deployCloudflare(optionsIn(folder, app, { yes: false, asker }))).toBe(0);
  expect(asker.asked).toEqual([
    'Deploy shop? [y/N]',
    'hidden: API_KEY (not shown):',
    'hidden: UPSTASH_REDIS_REST_URL (not shown):',
    'hidden: UPSTASH_REDIS_REST_TOKEN (not shown):',
  ]);
  expect(folder.account().workers['shop']).toEqual(expect.arrayContaining(['API_KEY', 'TIDEGATE_SECRET']));
});

test.each([
  ['who says no', { asker: scriptedAsker({ 'Deploy shop?': '' }) }, { code: 'cancelled' }],
  ['a script without --yes', {}, { field: '--yes' }],
])('%s makes nothing', async (_who, given, error) => {
  const folder = folderWith({ '.env': DOTENV });
  expect(await refusal(deployCloudflare(optionsIn(folder, app, { yes: false, ...given })))).toMatchObject(error);
  expect([folder.names(), folder.changes()]).toEqual([['.env', 'app.ts'], []]);
});

test.each([
  ['nobody is logged in', { loggedIn: false }, /wrangler login|CLOUDFLARE_API_TOKEN/],
  [
    'several accounts are there and none is named',
    {
      accounts: [
        { id: 'a1', name: 'Acme' },
        { id: 'b2', name: 'Best' },
      ],
    },
    /CLOUDFLARE_ACCOUNT_ID/,
  ],
])('where %s nothing is made', async (_what, account, expected) => {
  const folder = folderWith({ '.env': DOTENV }, account);
  expect(await refusal(deployCloudflare(optionsIn(folder, app)))).toMatchObject({
    expected: expect.stringMatching(expected),
  });
  expect([folder.names(), folder.changes()]).toEqual([['.env', 'app.ts'], []]);
  folder.change({ loggedIn: true });
  folder.write('.env', `${DOTENV}CLOUDFLARE_ACCOUNT_ID=b2\n`);
  expect(await deployCloudflare(optionsIn(folder, app))).toBe(0);
});

test('what failed half way is gone on with, and what wrangler says to have put is looked for', async () => {
  const folder = folderWith({ '.env': DOTENV }, { fails: 'deploy' });
  expect(await refusal(deployCloudflare(optionsIn(folder, app)))).toMatchObject({
    message: expect.stringMatching(/wrangler deploy failed: .*10013/),
  });
  folder.change({ fails: undefined });
  const before = folder.changes().length;
  expect(await deployCloudflare(optionsIn(folder, app))).toBe(0);
  expect(folder.changes().slice(before)).toEqual(['deploy --env=']);

  const losing = folderWith({ '.env': DOTENV }, { losesSecrets: true });
  expect(await refusal(deployCloudflare(optionsIn(losing, app)))).toMatchObject({
    message: expect.stringContaining('are not there after it'),
  });
  expect(losing.account().deployed).toBeUndefined();
});

test('a plan as JSON makes nothing, and is one object', async () => {
  const folder = folderWith({ '.env': DOTENV });
  const options = optionsIn(folder, app, { json: true, yes: false });
  expect(await deployCloudflare(options)).toBe(0);
  expect(options.printed).toHaveLength(1);
  expect(JSON.parse(options.printed[0] ?? '')).toMatchObject({
    platform: 'cloudflare',
    name: 'shop',
    account: 'Acme (a1)',
    isReady: true,
    steps: expect.arrayContaining([
      { what: 'queue shop-tasks', state: 'to do', command: 'wrangler queues create shop-tasks' },
    ]),
    bundle: { gzippedBytes: expect.any(Number) },
  });
  expect(folder.changes()).toEqual([]);
});

const INCOMPLETE =
  '# my shop\nname = "shop"\nmain = "worker.ts"\ncompatibility_date = "2026-10-01"\n\n[vars]\nAUTH = "keys"\n';

test('settings that miss something are told line by line, and --fix adds the lines', async () => {
  const folder = folderWith({ '.env': DOTENV, 'wrangler.toml': INCOMPLETE, 'worker.ts': '' });
  const options = optionsIn(folder, app);
  expect(await deployCloudflare(options)).toBe(1);
  const said = options.printed.join('\n');
  expect(said).toMatch(/error: triggers\.crons: .*\n.*\n {4}\[triggers\]\n {4}crons = \["\* \* \* \* \*"\]/);
  expect(said).toMatch(/\[\[queues\.producers\]\]\n {4}binding = "TASKS"\n {4}queue = "shop-tasks"/);
  expect(said).toContain('--fix adds the missing lines.');
  expect([folder.read('wrangler.toml'), folder.changes()]).toEqual([INCOMPLETE, []]);
  expect(await deployCloudflare(optionsIn(folder, app, { fix: true, dryRun: true }))).toBe(1);
  expect(folder.read('wrangler.toml')).toBe(INCOMPLETE);
  expect(await deployCloudflare(optionsIn(folder, app, { fix: true }))).toBe(0);
  const text = folder.read('wrangler.toml');
  for (const line of INCOMPLETE.split('\n')) expect(text).toContain(line);
  expect(folder.account()).toMatchObject({ deployed: 'shop', queues: ['shop-tasks', 'shop-tasks-dead'] });
});

test('an environment that the settings lack is added whole', async () => {
  const folder = folderWith({ '.env.staging': DOTENV, 'wrangler.toml': INCOMPLETE, 'worker.ts': '' });
  expect(await deployCloudflare(optionsIn(folder, app, { environment: 'staging' }))).toBe(1);
  expect(await deployCloudflare(optionsIn(folder, app, { environment: 'staging', fix: true }))).toBe(0);
  expect(folder.account()).toMatchObject({
    deployed: 'shop-staging',
    queues: ['shop-staging-tasks', 'shop-staging-tasks-dead'],
  });
  expect(folder.read('wrangler.toml')).toContain('[env.staging.vars]\nSTORE = "redis"');
});

test('the real wrangler builds it in a dry run, which leaves the folder as it was and asks nothing', async () => {
  const module = `import { defineApp } from 'tidegate';
import * as child from 'node:child_process';
export default defineApp({ name: 'shop', version: '1.0.0', description: String(child) });\n`;
  const folder = makeAppFolder({ 'app.ts': module }, null);
  onTestFinished(() => folder.remove());
  const options = optionsIn(folder, app, { dryRun: true, yes: false });
  expect(await deployCloudflare(options)).toBe(1);
  const said = options.printed.join('\n');
  expect(said).toMatch(/bundle: 1\.\d MiB, \d{3}\.\d KiB gzipped/);
  expect(said).toMatch(/error: .*app\.ts: it imports node:child_process/);
  expect(folder.names()).toEqual(['app.ts']);
});

test('what is typed wrong, or stands wrong in the file, is refused before anything is made, and not shown', async () => {
  const typed = {
    'Deploy shop?': 'y',
    API_KEY: 'typed',
    REST_URL: 'redis://:typed-wrong@redis.example',
    REST_TOKEN: 'typed too',
  };
  const folder = folderWith({});
  const thrown = await refusal(deployCloudflare(optionsIn(folder, app, { yes: false, asker: scriptedAsker(typed) })));
  expect(thrown).toMatchObject({
    field: 'UPSTASH_REDIS_REST_URL',
    message: expect.not.stringContaining('typed-wrong'),
  });
  folder.write('.env', `${DOTENV}TIDEGATE_SECRET=short\n`);
  const options = optionsIn(folder, app);
  expect(await deployCloudflare(options)).toBe(1);
  expect(options.printed.join('\n')).toMatch(/error: TIDEGATE_SECRET: [^]*at least 32 characters/);
  expect([folder.names(), folder.changes()]).toEqual([['.env', 'app.ts'], []]);
});

test('a variable whose name is that of a secret that is there is told before the platform refuses it', async () => {
  const settings = `${INCOMPLETE}PUBLIC_URL = "https://shop.example"\n`;
  const folder = folderWith(
    { '.env': DOTENV, 'wrangler.toml': settings, 'worker.ts': '' },
    { workers: { shop: ['PUBLIC_URL'] } },
  );
  const options = optionsIn(folder, app);
  expect(await deployCloudflare(options)).toBe(1);
  expect(options.printed.join('\n')).toMatch(/error: PUBLIC_URL: .*\n.*wrangler secret delete PUBLIC_URL/);
});
