/** `tidegate keys` beside a server that asks for keys: both are processes of their own on one store. */
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { modern } from '../../auth/messages.ts';
import { doubtedScopes, readExpiry, readScopes } from '../../../src/hosts/cli/commands/key-options.ts';
import { linesOfKeys } from '../../../src/hosts/cli/commands/keys-print.ts';
import { type Child, refused, runCli, temporaryFolder } from '../child.ts';
import { inspectOnce } from './inspector.ts';
import app from './tasks-app.ts';

const APP = join(import.meta.dirname, 'tasks-app.ts');
const NOW = Date.parse('2026-11-20T12:00:00Z');

function onStore() {
  const variables = { STORE: 'sqlite', SQLITE_PATH: join(temporaryFolder(), 'keys.db') };
  const start = (more: Record<string, string>) => runCli(['start', '--app', APP], { ...variables, ...more });
  const keys = async (...args: string[]): Promise<Child> => {
    const child = runCli(['keys', ...args, '--app', APP], variables);
    const status = await child.ended;
    if (status !== 0) throw new Error(child.stderr());
    return child;
  };
  return { start, keys };
}

async function listTools(url: string, key: string): Promise<string[]> {
  const endpoint = new URL(`${url}/mcp`);
  const requestInit = { headers: { Authorization: `Bearer ${key}` } };
  const client = new Client({ name: 't', version: '0' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  onTestFinished(() => client.close());
  await client.connect(new StreamableHTTPClientTransport(endpoint, { requestInit }));
  return (await client.listTools()).tools.map(({ name }) => name);
}

async function listToolsAsBefore(url: string, key: string): Promise<string[]> {
  const requestInit = { headers: { Authorization: `Bearer ${key}` } };
  const client = new OldClient({ name: 't', version: '0' });
  onTestFinished(() => client.close());
  await client.connect(new OldTransport(new URL(`${url}/mcp`), { requestInit }));
  return (await client.listTools()).tools.map(({ name }) => name);
}

test(
  'a key is made, used by clients of both eras and the Inspector, listed, revoked and refused',
  { timeout: 60_000 },
  async () => {
    const { start, keys } = onStore();
    const server = start({ AUTH: 'keys' });
    const url = await server.url();
    const made = await keys('create', '--name', 'ci');
    const unused = await keys(
      'create',
      '--name',
      'ci',
      '--scope',
      'tasks',
      '--scope',
      'task',
      '--expires',
      'never',
      '--yes',
    );
    const [key, other] = [made.stdout().trim(), unused.stdout().trim()];
    // Standard output has the key alone, and standard error everything else but it.
    expect(made.stdout()).toMatch(/^tg_[\dA-Za-z]{16}_[\dA-Za-z]{49}\n$/);
    expect(made.stderr()).toMatch(/of ci \(tenant public\) may use streams:read tasks of the app tasks-app/);
    expect(made.stderr()).not.toContain(key);
    expect(unused.stderr()).toMatch(/the scope task opens nothing of the app tasks-app: did you mean tasks\?/);
    expect(unused.stderr()).toContain('never expires');

    expect(await listTools(url, key)).toContain('greet');
    expect(await listToolsAsBefore(url, key)).toContain('greet');
    const inspected = await inspectOnce(
      `${url}/mcp`,
      'modern',
      '--header',
      `Authorization: Bearer ${key}`,
      '--method',
      'tools/list',
    );
    expect(JSON.stringify(inspected)).toContain('greet');
    await expect(listTools(url, `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`)).rejects.toThrow();

    const [id = '', otherId = ''] = [key, other].map((text) => text.split('_')[1]);
    const listed = (await keys('list', '--json'))
      .stdout()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(listed).toMatchObject([
      {
        id: otherId,
        name: 'ci',
        tenant: 'public',
        scopes: ['tasks', 'task'],
        expiresAt: null,
        state: 'valid',
        lastUsedAt: null,
      },
      { id, name: 'ci', scopes: ['streams:read', 'tasks'], state: 'valid', lastUsedAt: expect.any(Number) },
    ]);
    expect(JSON.stringify(listed)).not.toMatch(/hash|salt/);
    const table = (await keys('list')).stdout().split('\n');
    expect(table[0]).toMatch(/^ID +NAME +TENANT +STATE +AGE +EXPIRES +USED +SCOPES$/);
    expect(table[2]).toMatch(
      new RegExp(`^${id}  ci    public  valid  \\d+ s +in (?:90|89) days +\\d+ s ago  streams:read tasks$`),
    );

    // The server does not know this one yet, so it is refused at once. What it knows takes half a minute: `auth/keys`.
    await expect(keys('revoke', other)).rejects.toThrow('add --yes');
    expect((await keys('list')).stdout()).not.toContain('revoked');
    expect((await keys('revoke', other, '--yes')).stdout()).toMatch(new RegExp(`^${otherId} of ci is revoked`));
    await expect(listTools(url, other)).rejects.toThrow();
    expect(await listTools(url, key)).toContain('greet');
    await keys('revoke', id, '--yes');
    expect((await keys('list')).stdout().match(/revoked/g)).toHaveLength(2);
    const admin = (await keys('create', '--name', 'ops', '--scope', 'admin')).stdout().trim();
    const read = modern({ method: 'resources/read', params: { uri: 'stream://audit' } }, `Bearer ${admin}`);
    const asked = { method: 'POST', headers: read.headers, body: await read.text() };
    const audit = await (await fetch(`${url}/mcp`, asked)).text();
    for (const told of ['key_made', 'key_revoked', `${id} of ci`, 'tidegate keys']) expect(audit).toContain(told);
    for (const secret of [key, other, admin]) expect(audit).not.toContain(secret.split('_')[2]);
    server.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    const later = start({ AUTH: 'keys' });
    await expect(listTools(await later.url(), key)).rejects.toThrow();
    for (const secret of [key, other]) expect(server.stdout() + server.stderr()).not.toContain(secret.split('_')[2]);
  },
);

describe('what is refused', () => {
  test.each<[string[], number, RegExp]>([
    [['keys'], 2, /keys needs one of create, list, revoke/],
    [['keys', 'creat'], 2, /did you mean create\?/],
    [['keys', 'create'], 2, /needs --name NAME/],
    [['keys', 'create', 'ci'], 2, /keys create takes no word ci/],
    [['keys', 'create', '--nmae', 'ci'], 2, /expected one of the options .*did you mean --name/],
    [['keys', 'revoke'], 2, /needs the id of a key/],
    [['keys', 'revoke', 'nonsense'], 2, /needs the id of a key/],
    [['keys', 'revoke', '0'.repeat(16)], 1, /There is no key 0000000000000000/],
    [['keys', 'create', '--name', 'a/b'], 1, /name: expected 1 to 64 letters/],
    [['keys', 'create', '--name', 'ci', '--expires', 'soon'], 1, /--expires/],
    [['keys', 'create', '--name', 'ci', '--expires', '2020-01-01'], 1, /a time to come/],
    [['keys', 'create', '--name', 'ci', '--scope', '"'], 1, /scope: expected visible ASCII/],
  ])('%j', async (args, status, words) => {
    const variables = { STORE: 'sqlite', SQLITE_PATH: join(temporaryFolder(), 'keys.db') };
    const ended = await refused(runCli(args, variables));
    expect(ended.status).toBe(status);
    expect(ended.words).toMatch(words);
  });

  test('a scope that opens nothing, and no key is left of it', async () => {
    const variables = { STORE: 'sqlite', SQLITE_PATH: join(temporaryFolder(), 'keys.db') };
    const args = ['keys', 'create', '--name', 'me', '--scope', 'streams:raed', '--app', APP];
    const { status, words } = await refused(runCli(args, variables));
    expect(status).toBe(1);
    expect(words).toMatch(
      /streams:raed opens nothing of the app tasks-app: did you mean streams:read\?.*--yes.*no key was made/s,
    );
    const list = runCli(['keys', 'list', '--app', APP], variables);
    expect([await list.ended, list.stdout()]).toEqual([0, expect.stringContaining('has no keys')]);
  });

  test('a store that ends with the command', async () => {
    const { status, words } = await refused(runCli(['keys', 'create', '--name', 'ci'], { STORE: 'memory' }));
    expect(status).toBe(1);
    expect(words).toMatch(/STORE is memory, which this command shares with no server/);
  });
});

test.each([
  ['never', null],
  ['30d', NOW + 30 * 86_400_000],
  ['12h', NOW + 12 * 3_600_000],
  ['2w', NOW + 14 * 86_400_000],
  ['2027-01-31', Date.parse('2027-01-31T00:00:00Z')],
  ['2027-01-31T12:00:00+01:00', Date.parse('2027-01-31T11:00:00Z')],
])('a key that expires %s', (text, at) => {
  expect(readExpiry(text, NOW)).toBe(at);
});

test.each(['', '0d', '-1d', '2026-11-20', '30', '1795994097', '20270131', 'tomorrow', '1e9d'])(
  'no key expires %j',
  (text) => {
    expect(() => readExpiry(text, NOW)).toThrow(expect.objectContaining({ code: 'invalid_input', field: '--expires' }));
  },
);

test('scopes come one by one, or as a token writes them', () => {
  expect(readScopes([])).toEqual(['streams:read', 'tasks']);
  expect(readScopes(['streams:read:a streams:publish', 'tasks,events'])).toEqual([
    'streams:read:a',
    'streams:publish',
    'tasks',
    'events',
  ]);
  expect(doubtedScopes(['*', 'tasks', 'events', 'admin', 'streams:read', 'streams:publish'], app)).toEqual([]);
  expect(doubtedScopes(['streams'], app)).toEqual([
    'the scope streams opens streams:read, streams:publish and all that is below, of the app tasks-app',
  ]);
  expect(doubtedScopes(['streams:read:none', 'streams:raed'], app)).toEqual([
    expect.stringContaining('streams:read:none opens nothing'),
    expect.stringMatching(/did you mean streams:read\?$/),
  ]);
});

test('an app without keys says how one is made', () => {
  expect(linesOfKeys([], NOW, 'plant')).toEqual([
    'The app plant has no keys: tidegate keys create --name NAME makes one',
  ]);
});
