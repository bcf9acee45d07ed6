/**
 * Who calls, on Node and Lambda: `authenticate` is asked, and the schedule works for whoever it answers, though nobody lists tenants. Workers:
 * `test/workerd/worker-callers.test.ts`.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { createKey } from '../../src/auth/keys/manage.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createHost } from '../../src/hosts/host.ts';
import type { CallerOptions } from '../../src/hosts/http-host.ts';
import { createLambdaHost } from '../../src/hosts/lambda/host.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { serve } from '../../src/hosts/node/serve.ts';
import { defineApp, secret, stream, task } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { readConfig } from '../../src/store/drivers/open.ts';
import { event, invocation } from './lambda/invocation.ts';

const app = defineApp({
  name: 'callers',
  version: '1.0.0',
  description: 'One task',
  streams: { things: stream({ description: 'Things', schema: z.object({ a: z.number() }) }) },
  tasks: { greet: task({ description: 'Greets', version: '1', run: async () => 'hello' }) },
});
const ADA = { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] };
const callers: CallerOptions = {
  authenticate: ({ headers }) => (headers.has('authorization') ? ADA : new Response('who?', { status: 401 })),
};
const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

function callOf(name: string, args: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } });
}

test('the schedule works on a task of the tenant that authenticate answered', async () => {
  const host = createHost({ app, store: createMemoryStore(), runtime: systemRuntime(() => {}), ...callers });
  onTestFinished(() => host.close());
  const ask = async (name: string, args: object) => {
    const request = new Request('https://example.org/mcp', {
      method: 'POST',
      headers: { ...headers, authorization: 'x' },
      body: callOf(name, args),
    });
    return (await host.fetch(request)).text();
  };
  const [id = ''] = /[\w-]{20,}(?:\.[\da-f]{8})?/.exec(await ask('greet', {})) ?? [];
  await host.scheduled(Date.now() + 5_000);
  expect(await ask('get_task', { task: id })).toContain('hello');
});

test.each(['node', 'lambda'])('%s asks who calls', async (platform) => {
  const statusOf: Record<string, (authorized: boolean) => Promise<number>> = {
    async node(authorized) {
      const config = readConfig({ STORE: 'memory', PORT: '0', HOST: '127.0.0.1' }, 'memory');
      const serving = await serve(
        config,
        app,
        nodeRuntime(() => {}),
        null,
        callers,
      );
      onTestFinished(() => serving.stop());
      const sent = authorized ? { ...headers, authorization: 'x' } : headers;
      return (await fetch(`${serving.url}/mcp`, { method: 'POST', headers: sent, body: callOf('list_streams', {}) }))
        .status;
    },
    async lambda(authorized) {
      const sent = authorized ? { ...headers, authorization: 'x' } : headers;
      const called = event('POST', '/mcp', { headers: sent, body: callOf('list_streams', {}) });
      const host = createLambdaHost(app, { STORE: 'memory' }, { write: () => {}, ...callers });
      return (await host.buffered(called, invocation(5_000))).statusCode;
    },
  };
  expect(await statusOf[platform]?.(false)).toBe(401);
  expect(await statusOf[platform]?.(true)).toBe(200);
});

const KEY = 'a-key-of-the-environment-0123456789';

/** Sends to `/mcp` of a host with these variables; answers the status, and what the log said. */
const platforms = {
  async node(variables: Record<string, string>, own: CallerOptions = {}) {
    const lines: string[] = [];
    const config = readConfig({ STORE: 'memory', PORT: '0', ...variables }, 'memory');
    const runtime = nodeRuntime((level, message) => void lines.push(`${level} ${message}`));
    const serving = await serve(config, app, runtime, null, own);
    onTestFinished(() => serving.stop());
    const ask = async (sent: Record<string, string>, path = '/mcp', method = 'POST') => {
      const init = { method, headers: { ...headers, ...sent } };
      const body = callOf('list_streams', {});
      const answer = await fetch(`${serving.url}${path}`, method === 'POST' ? { ...init, body } : init);
      return { status: answer.status, challenge: answer.headers.get('www-authenticate') };
    };
    return { ask, lines, deps: serving.deps };
  },
  async lambda(variables: Record<string, string>, own: CallerOptions = {}) {
    const lines: string[] = [];
    const write = (line: string) => void lines.push(line);
    const host = createLambdaHost(app, { STORE: 'memory', ...variables }, { write, ...own });
    const ask = async (sent: Record<string, string>, path = '/mcp', method = 'POST') => {
      const body = callOf('list_streams', {});
      const called = event(method, path, { headers: { ...headers, ...sent }, ...(method === 'POST' ? { body } : {}) });
      const answer = await host.buffered(called, invocation(5_000));
      return { status: answer.statusCode, challenge: answer.headers?.['www-authenticate'] ?? null };
    };
    return Promise.resolve({ ask, lines, deps: null });
  },
};

/** The status of an answer, or 500 where the start is refused, as Lambda answers it. */
async function outcomeOf(
  start: (typeof platforms)['node' | 'lambda'],
  variables: Record<string, string>,
  own?: CallerOptions,
): Promise<number> {
  try {
    return (await (await start(variables, own)).ask({ authorization: 'x' })).status;
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'invalid_config', field: 'AUTH' });
    return 500;
  }
}

describe.each(['node', 'lambda'] as const)('AUTH on %s', (platform) => {
  const start = platforms[platform];

  test('keys: every route that serves data asks, and documents and health do not', async () => {
    const { ask } = await start({ TIDEGATE_KEY: KEY });
    const authorization = `Bearer ${KEY}`;
    expect(await ask({ authorization })).toMatchObject({ status: 200 });
    for (const [path, method] of [
      ['/mcp', 'POST'],
      ['/mcp/', 'POST'],
      ['/ingest/things', 'POST'],
    ] as const) {
      expect(await ask({}, path, method), path).toEqual({ status: 401, challenge: expect.stringMatching(/^Bearer/) });
      const wrong = await ask({ authorization: `Bearer ${KEY}x` }, path, method);
      expect(wrong, path).toEqual({ status: 401, challenge: expect.stringContaining('invalid_token') });
    }
    for (const path of ['/', '/healthz', '/readyz', '/mcp/server-card', '/.well-known/ai-catalog.json']) {
      expect((await ask({}, path, 'GET')).status, path).toBe(200);
    }
  });

  test('keys without a single key lets nobody in', async () => {
    const { ask } = await start({ AUTH: 'keys' });
    for (const sent of [
      {},
      { authorization: 'Bearer' },
      { authorization: 'Bearer ' },
      { authorization: 'Bearer null' },
    ]) {
      expect((await ask(sent as Record<string, string>)).status).toBe(401);
    }
  });

  test('none, said or not, lets everyone in', async () => {
    for (const variables of [{}, { AUTH: 'none' }] as Record<string, string>[]) {
      expect((await (await start(variables)).ask({})).status).toBe(200);
    }
  });

  test('what nobody can read is refused: none beside a key, and an app that asks by itself beside AUTH', async () => {
    expect(await outcomeOf(start, { AUTH: 'none', TIDEGATE_KEY: KEY })).toBe(500);
    expect(await outcomeOf(start, { AUTH: 'keys' }, callers)).toBe(500);
    expect(await outcomeOf(start, { AUTH: 'none' }, callers)).toBe(200);
  });
});

test('a key of the store names its caller', async () => {
  const { ask, deps } = await platforms.node({ AUTH: 'keys' });
  if (deps === null) throw new Error('Node has deps');
  const given = { name: 'ada', tenant: 'acme', scopes: ['*'], expiresAt: null };
  const { text } = await createKey(deps, given);
  expect((await ask({ authorization: `Bearer ${text}` })).status).toBe(200);
  expect((await ask({ authorization: `bearer ${text}` })).status).toBe(200);
  expect((await ask({ authorization: text })).status).toBe(401);
  expect((await ask({ authorization: `Basic ${text}` })).status).toBe(401);
  expect((await ask({}, `/mcp?access_token=${text}`)).status).toBe(401);
});

test('a push brings the token of its stream, or a key that may publish to it', async () => {
  const schema = z.object({ a: z.number() });
  const taking = stream({ description: 'Pushed', schema, push: { token: secret('PUSH_TOKEN') } });
  const pushed = defineApp({ name: 'pushed', version: '1', description: 'Takes pushes', streams: { taking } });
  const config = readConfig({ STORE: 'memory', PORT: '0', AUTH: 'keys', PUSH_TOKEN: 'a-token-of-the-tests' }, 'memory');
  const serving = await serve(
    config,
    pushed,
    nodeRuntime(() => {}),
    null,
  );
  onTestFinished(() => serving.stop());
  const keyFor = async (...scopes: string[]) =>
    (await createKey(serving.deps, { name: 'ci', tenant: 'public', scopes, expiresAt: null })).text;
  const push = async (credential: string | null, name = 'taking') => {
    const sent = { 'content-type': 'application/json' };
    const answer = await fetch(`${serving.url}/ingest/${name}`, {
      method: 'POST',
      headers: credential === null ? sent : { ...sent, authorization: `Bearer ${credential}` },
      body: '{"a":1}',
    });
    return { status: answer.status, challenge: answer.headers.get('www-authenticate') };
  };
  for (const credential of [
    'a-token-of-the-tests',
    await keyFor('streams:publish:taking'),
    await keyFor('streams:publish'),
    await keyFor('*'),
  ]) {
    expect(await push(credential)).toEqual({ status: 200, challenge: null });
  }
  const challenge = expect.stringMatching(/error="insufficient_scope", scope="streams:publish:taking"/);
  expect(await push(await keyFor('streams:read', 'streams:publish:other'))).toEqual({ status: 403, challenge });
  expect((await push(null)).status).toBe(401);
  expect((await push('a-token-of-the-testz')).status).toBe(401);
  expect((await push('a-token-of-the-tests', 'nothing')).status).toBe(404);
  expect((await push(await keyFor('*'), 'nothing')).status).toBe(404);
});

const OAUTH = { AUTH: 'keys,oauth', OAUTH_ISSUER: 'http://127.0.0.1:1' };

test('oauth says where tokens are got, and takes keys beside them', async () => {
  const { ask } = await platforms.node({ ...OAUTH, TIDEGATE_KEY: KEY });
  expect((await ask({ authorization: `Bearer ${KEY}` })).status).toBe(200);
  const { status, challenge } = await ask({});
  expect(status).toBe(401);
  const [, metadata = ''] = /resource_metadata="([^"]+)"/.exec(challenge ?? '') ?? [];
  const document = (await (await fetch(metadata)).json()) as object;
  expect(document).toMatchObject({
    resource: expect.stringMatching(/\/mcp$/),
    authorization_servers: [OAUTH.OAUTH_ISSUER],
  });
  expect((await ask({ authorization: 'Bearer an-opaque-token' })).status).toBe(401);
});

test('oauth does not start where no token could be for this server', async () => {
  await expect(platforms.node({ ...OAUTH, HOST: '0.0.0.0' })).rejects.toMatchObject({ field: 'PUBLIC_URL' });
  // A further audience says which tokens are taken, and not what the metadata has to name.
  const further = { ...OAUTH, OAUTH_AUDIENCE: 'api://gate' };
  await expect(platforms.node({ ...further, HOST: '0.0.0.0' })).rejects.toMatchObject({ field: 'PUBLIC_URL' });
  for (const variables of [OAUTH, further]) {
    expect((await (await platforms.lambda(variables)).ask({})).status).toBe(500);
  }
  const named = { ...further, HOST: '0.0.0.0', PUBLIC_URL: 'https://gate.example' };
  expect((await (await platforms.node(named)).ask({})).challenge).toContain('"https://gate.example/.well-known/');
});

test.each([
  ['of several issuers with a tenant claim', 'http://127.0.0.1:1,http://127.0.0.1:2', { OAUTH_TENANT_CLAIM: 'org' }, 1],
  ['not of one issuer', 'http://127.0.0.1:1', { OAUTH_TENANT_CLAIM: 'org' }, 0],
  ['not of several whose callers are all of one tenant', 'http://127.0.0.1:1,http://127.0.0.1:2', {}, 0],
] as [string, string, Record<string, string>, number][])(
  'that tenants are not told apart by issuer is told %s',
  async (_, OAUTH_ISSUER, claim, told) => {
    const { lines } = await platforms.node({ AUTH: 'oauth', OAUTH_ISSUER, ...claim });
    expect(lines.filter((line) => line.startsWith('warn tenants of several issuers'))).toHaveLength(told);
  },
);

test.each([
  ['says so', {}, ['everyone may call this host: it has no authenticate']],
  ['says nothing where that is meant', { isOpen: true }, []],
  ['says nothing where it asks', callers, []],
])('a host of its own that is made without an authenticate %s', async (_, own: object, told) => {
  const lines: string[] = [];
  const runtime = systemRuntime((level, message) => void (level === 'warn' && lines.push(message)));
  const host = createHost({ app, store: createMemoryStore(), runtime, ...own });
  await host.close();
  expect(lines.filter((line) => line.includes('everyone'))).toEqual(told);
});

describe('a variable that was to close a server, and is misspelt', () => {
  const SLIPS = [
    ['OAUTH_ISUER', 'OAUTH_ISSUER', 'https://issuer.example'],
    ['TIDEGATE_KEYS', 'TIDEGATE_KEY', KEY],
  ] as const;

  test.each(SLIPS)('%s ends the start on Node, on loopback too', async (field, meant, value) => {
    const expected = expect.stringContaining(meant) as string;
    await expect(platforms.node({ [field]: value })).rejects.toMatchObject({ code: 'invalid_config', field, expected });
  });

  test.each(SLIPS)('%s serves nobody on Lambda', async (field, _meant, value) => {
    expect((await (await platforms.lambda({ [field]: value })).ask({})).status).toBe(500);
  });

  test('is told and no more where callers are asked all the same, or nobody is to be', async () => {
    for (const variables of [{ AUTH: 'keys' }, { AUTH: 'none' }] as Record<string, string>[]) {
      const { ask } = await platforms.node({ ...variables, OAUTH_ISUER: 'https://issuer.example' });
      expect((await ask({})).status).toBe(variables['AUTH'] === 'keys' ? 401 : 200);
    }
  });
});

describe('a server that asks nobody who calls', () => {
  test.each(['0.0.0.0', '::', '0'])('does not start on HOST %s, and names AUTH', async (HOST) => {
    await expect(platforms.node({ HOST })).rejects.toMatchObject({ code: 'invalid_config', field: 'AUTH' });
  });

  test.each([
    ['none is said', { HOST: '0.0.0.0', AUTH: 'none' }, {}],
    ['keys are asked for', { HOST: '0.0.0.0', AUTH: 'keys', PUBLIC_URL: 'https://tides.example' }, {}],
    ['a key is set', { HOST: '::', TIDEGATE_KEY: KEY, PUBLIC_URL: 'https://tides.example' }, {}],
    ['the app asks by itself', { HOST: '0.0.0.0' }, callers],
    ['it is loopback', { HOST: '127.0.0.1' }, {}],
    ['it is another address of loopback', { HOST: '127.1.2.3' }, {}],
    ['it is loopback in IPv6', { HOST: '::1' }, {}],
    ['it is the name of loopback', { HOST: 'localhost' }, {}],
  ] as [string, Record<string, string>, CallerOptions][])('starts where %s', async (_, variables, own) => {
    const { lines } = await platforms.node(variables, own);
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([]);
  });

  test.each<Record<string, string>>([
    { HOST: '0.0.0.0', AUTH: 'keys' },
    { HOST: '::', TIDEGATE_KEY: KEY },
    { AUTH: 'keys', PUBLIC_URL: 'http://tides.example' },
  ])('is none with %j, and says once that keys come over http', async (variables) => {
    const { lines } = await platforms.node(variables);
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([
      'warn callers send keys or tokens over http, and whoever is on the way can read them',
    ]);
  });

  test('and that others reach by PUBLIC_URL is told of', async () => {
    const { lines } = await platforms.node({ PUBLIC_URL: 'https://tides.example' });
    expect(lines).toEqual(['warn everyone who reaches PUBLIC_URL may call this server: AUTH is not set']);
  });

  test.each([
    ['warn', {}],
    ['info', { AUTH: 'none' }],
  ] as [string, Record<string, string>][])('is told of on Lambda, once, at the level %s', async (level, variables) => {
    const { ask, lines } = await platforms.lambda(variables);
    for (let time = 0; time < 3; time += 1) await ask({});
    const told = lines.filter((line) => line.includes('everyone may call this server'));
    expect(told.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual([level]);
  });
});
