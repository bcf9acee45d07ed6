/**
 * No credential is in a log, an answer, an error or a record, wherever a request brings it and whatever goes wrong. A process as it is
 * deployed, at `LOG_LEVEL=debug`; each place has a mark of its own, which is looked for in all that the process leaves behind.
 */
import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { createKey, revokeKey } from '../../src/auth/keys/manage.ts';
import { readEnvironment } from '../../src/base/config/config.ts';
import { createHost } from '../../src/hosts/host.ts';
import { callersOf } from '../../src/hosts/callers.ts';
import { createLog } from '../../src/hosts/log.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { serve } from '../../src/hosts/node/serve.ts';
import { defineApp, secret, stream, tool } from '../../src/index.ts';
import { createSqliteStore } from '../../src/store/sqlite/store.ts';
import { sqlite } from '../../src/store/sqlite/driver.ts';
import { temporaryFolder } from '../hosts/child.ts';

const app = defineApp({
  name: 'marked',
  version: '1',
  description: 'Takes credentials in many places',
  streams: {
    tokens: stream({ description: 'By token', schema: z.object({ n: z.number() }), push: { token: secret('PUSH') } }),
    hooks: stream({
      description: 'Signed',
      schema: z.object({ n: z.number() }),
      push: {
        standardWebhooks: secret('WEBHOOKS'),
        github: secret('GITHUB'),
        stripe: secret('STRIPE'),
        slack: secret('SLACK'),
      },
    }),
  },
  tools: {
    break: tool({
      description: 'Breaks',
      run: async (_, { principal }) => {
        throw new Error(`a defect beside ${JSON.stringify(principal)}`);
      },
    }),
  },
});

/** A mark as base64 has it too, where it begins at a multiple of three. */
const markOf = (place: string) => `Mark${place.replaceAll(/[^a-z]/gi, '')}${'Zq7'.repeat(8)}`;
const JWT_HEAD = Buffer.from('{"alg":"RS256","kid":"k"}').toString('base64url');
const jwtOf = (mark: string) =>
  `${JWT_HEAD}.${Buffer.from(JSON.stringify({ sub: mark, iss: mark })).toString('base64url')}.${mark}`;

interface Asked {
  path: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

const json = { 'Content-Type': 'application/json' };
const accept = { ...json, Accept: 'application/json, text/event-stream' };
const rpc = (method: string, params: object = {}) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
const LIST = rpc('tools/list');
const BREAK = rpc('tools/call', { name: 'break', arguments: {} });

const bearer = (text: string) => ({ Authorization: `Bearer ${text}` });

/** @param key a valid one. Each request has marks that no other has. */
function requestsWith(
  key: string,
  environmentKey: string,
  variables: Record<string, string>,
): { asked: Asked[]; marks: string[] } {
  const marks: string[] = [];
  const mark = (place: string) => {
    const made = markOf(place);
    marks.push(made, Buffer.from(made).toString('base64').slice(0, 32));
    return made;
  };
  const asked: Asked[] = [];
  const bodies = [
    LIST,
    BREAK,
    '{',
    '[]',
    '"x"',
    rpc('no/such'),
    rpc('tools/call', { name: 'no-such' }),
    rpc('resources/read', { uri: 'x:' }),
  ];
  for (const [index, body] of bodies.entries()) {
    const letter = String.fromCharCode(97 + index);
    for (const authorization of [
      `Bearer ${mark(`opaque${letter}`)}`,
      `Bearer ${jwtOf(mark(`jwt${letter}`))}`,
      `Bearer tg_${'A'.repeat(16)}_${mark(`key${letter}`)}${'0'.repeat(20)}`,
      `Basic ${Buffer.from(`user:${mark(`basic${letter}`)}`).toString('base64')}`,
      `Bearer ${mark(`two${letter}`)} ${mark(`words${letter}`)}`,
      `Digest username="${mark(`digest${letter}`)}"`,
      mark(`bare${letter}`),
      `Bearer ${key}`,
      `Bearer ${environmentKey}`,
    ]) {
      asked.push({ path: '/mcp', method: 'POST', headers: { ...accept, Authorization: authorization }, body });
    }
  }
  asked.push(
    { path: `/mcp?access_token=${mark('query')}&token=${mark('token')}`, method: 'POST', headers: accept, body: LIST },
    { path: `/mcp/?key=${mark('slash')}`, method: 'PUT', headers: bearer(mark('put')) },
    { path: `/nothing?access_token=${mark('nothing')}`, headers: bearer(mark('nowhere')) },
    { path: `/?access_token=${mark('front')}`, headers: bearer(mark('frontal')) },
    { path: '/healthz', headers: { Cookie: `a=${mark('cookie')}` } },
    { path: '/mcp', method: 'POST', headers: { ...accept, Cookie: `tidegate-login=${mark('login')}` }, body: LIST },
    {
      path: '/mcp',
      method: 'POST',
      headers: { ...accept, Cookie: `tidegate-login=1.abcdefgh.${mark('sealed')}` },
      body: LIST,
    },
    {
      path: '/mcp',
      method: 'POST',
      headers: { ...accept, 'Mcp-Session-Id': mark('session'), ...bearer(mark('beside')) },
      body: LIST,
    },
    { path: '/mcp', method: 'DELETE', headers: { 'Mcp-Session-Id': mark('ended'), ...bearer(key) } },
    {
      path: '/mcp',
      method: 'POST',
      headers: { ...accept, 'Proxy-Authorization': mark('proxy'), 'X-Api-Key': mark('api') },
      body: LIST,
    },
    { path: '/login', method: 'POST', headers: json, body: JSON.stringify({ credential: mark('credential') }) },
    { path: '/login', method: 'POST', headers: json, body: `{"credential": ${mark('unquoted')}}` },
    { path: '/login', method: 'POST', headers: json, body: JSON.stringify({ credential: [mark('listed')] }) },
    { path: '/login', method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: mark('plain') },
    { path: '/login', method: 'POST', headers: bearer(mark('loginbearer')) },
    { path: '/login', method: 'POST', headers: bearer(key) },
    { path: '/login', headers: { Cookie: `tidegate-login=${mark('shown')}`, 'X-CSRF-Token': mark('csrf') } },
    { path: '/logout', method: 'POST', headers: { Cookie: `tidegate-login=${mark('out')}` } },
  );
  for (const stream of ['tokens', 'hooks', 'nothing']) {
    const push = (headers: Record<string, string>, body = '{"n":1}', query = '') =>
      asked.push({ path: `/ingest/${stream}${query}`, method: 'POST', headers: { ...json, ...headers }, body });
    push(bearer(mark(`push${stream}`)));
    push(bearer(jwtOf(mark(`pushjwt${stream}`))));
    push({}, '{"n":1}', `?token=${mark(`pushquery${stream}`)}`);
    push({ 'X-Hub-Signature-256': `sha256=${mark(`github${stream}`)}` });
    push({ 'Stripe-Signature': `t=1,v1=${mark(`stripe${stream}`)}` });
    push({ 'X-Slack-Signature': `v0=${mark(`slack${stream}`)}`, 'X-Slack-Request-Timestamp': '1' });
    push({
      'Webhook-Signature': `v1,${mark(`webhook${stream}`)}`,
      'Webhook-Id': 'a',
      'Webhook-Timestamp': `${Date.now() / 1_000}`,
    });
    push({ ...bearer(key), 'Idempotency-Key': 'k' });
    push({ ...bearer(variables['PUSH'] ?? '') }, '{"n":');
    push({ ...bearer(variables['PUSH'] ?? '') });
    const signature = createHmac('sha256', variables['GITHUB'] ?? '')
      .update('{"n":')
      .digest('hex');
    marks.push(signature);
    push({ 'X-Hub-Signature-256': `sha256=${signature}` }, '{"n":');
  }
  return { asked, marks };
}

/** An issuer that fails, and quotes what it was asked in its answer. */
async function startIssuer(): Promise<{ url: string; heard: string[] }> {
  const heard: string[] = [];
  const server = createServer((incoming, outgoing) => {
    let body = '';
    incoming.on('data', (chunk: Buffer) => void (body += chunk.toString()));
    incoming.on('end', () => {
      heard.push(body);
      const { port } = server.address() as AddressInfo;
      const issuer = `http://127.0.0.1:${port}`;
      if (incoming.url?.includes('.well-known') === true) {
        const metadata = { issuer, jwks_uri: `${issuer}/jwks`, introspection_endpoint: `${issuer}/introspect` };
        outgoing.setHeader('Content-Type', 'application/json').end(JSON.stringify(metadata));
        return;
      }
      outgoing.statusCode = 500;
      outgoing.end(`${incoming.url} ${JSON.stringify(incoming.headers)} ${body}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard };
}

function variablesFor(issuer: string, path: string): Record<string, string> {
  return {
    PORT: '0',
    STORE: 'sqlite',
    SQLITE_PATH: path,
    AUTH: 'keys,oauth',
    LOG_LEVEL: 'debug',
    OAUTH_ISSUER: issuer,
    OAUTH_CLIENT_ID: 'tidegate',
    OAUTH_CLIENT_SECRET: markOf('clientSecret'),
    TIDEGATE_KEY: markOf('environmentKey'),
    TIDEGATE_SECRET: markOf('secret'),
    PUSH: markOf('pushToken'),
    GITHUB: markOf('githubSecret'),
    STRIPE: markOf('stripeSecret'),
    SLACK: markOf('slackSecret'),
    WEBHOOKS: `whsec_${Buffer.from(markOf('webhookSecret')).toString('base64')}`,
  };
}

/** Each mark that stands in a text, with the line in which it does. */
function found(marks: readonly string[], texts: readonly string[]): string[] {
  return marks.flatMap((mark) =>
    texts.filter((text) => text.includes(mark)).map((text) => `${mark}: ${text.slice(0, 300)}`),
  );
}

const SECRETS_SET = [
  'OAUTH_CLIENT_SECRET',
  'TIDEGATE_KEY',
  'TIDEGATE_SECRET',
  'PUSH',
  'GITHUB',
  'STRIPE',
  'SLACK',
  'WEBHOOKS',
];

test('a process that works, with an issuer that does not', { timeout: 120_000 }, async () => {
  const lines: string[] = [];
  const folder = temporaryFolder();
  const issuer = await startIssuer();
  const variables = variablesFor(issuer.url, join(folder, 'store.db'));
  const config = readEnvironment(variables, { drivers: [sqlite], standard: 'sqlite' });
  const log = createLog('debug', { write: (line) => void lines.push(line) });
  const serving = await serve(config, app, nodeRuntime(log), {});
  const { store, runtime } = serving.deps;
  const made = [];
  for (const name of ['ann', 'gone']) {
    made.push(await createKey({ store, runtime }, { name, tenant: 'public', scopes: ['*'], expiresAt: null }));
  }
  await revokeKey({ store, runtime }, made[1]?.key.id ?? '');
  const [key = '', revoked = ''] = made.map(({ text }) => text);
  const { asked, marks } = requestsWith(key, variables['TIDEGATE_KEY'] ?? '', variables);
  asked.push({ path: '/mcp', method: 'POST', headers: { ...accept, Authorization: `Bearer ${revoked}` }, body: LIST });
  const answers: string[] = [];
  const statuses = new Set<number>();
  for (const { path, ...init } of asked) {
    const response = await fetch(`${serving.url}${path}`, init);
    statuses.add(response.status);
    const headers = [...response.headers].filter(([name]) => name !== 'set-cookie');
    answers.push(`${response.status} ${JSON.stringify(headers)} ${await response.text()}`);
    for (const cookie of response.headers.getSetCookie())
      if (cookie.length > 200) marks.push(cookie.split(/[=;]/)[1] ?? '');
  }
  await serving.stop();
  expect([...statuses].toSorted((a, b) => a - b)).toEqual([200, 204, 400, 401, 404, 405, 503]);
  // The issuer was asked, and was told the tokens.
  expect(issuer.heard.some((body) => body.includes(markOf('opaquea')))).toBe(true);
  for (const name of SECRETS_SET) marks.push((variables[name] ?? '').replace('whsec_', ''));
  for (const text of [key, revoked]) marks.push(text.split('_')[2]?.slice(0, 40) ?? '');
  expect(new Set(marks.map((mark) => mark.length >= 16))).toEqual(new Set([true]));
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'));
  expect(files.join('').length).toBeGreaterThan(1_000);
  expect(lines.length).toBeGreaterThan(asked.length);
  expect(found(marks, lines)).toEqual([]);
  expect(found(marks, answers)).toEqual([]);
  expect(found(marks, files).map((text) => text.slice(0, 80))).toEqual([]);
});

test('a store that is down, and quotes in its errors all that it was asked', { timeout: 120_000 }, async () => {
  const lines: string[] = [];
  const issuer = await startIssuer();
  const path = join(temporaryFolder(), 'store.db');
  const variables = variablesFor(issuer.url, path);
  const config = readEnvironment(variables, { drivers: [sqlite], standard: 'sqlite' });
  const log = createLog('debug', { write: (line) => void lines.push(line) });
  const runtime = { ...nodeRuntime(log), variable: config.variable };
  const working = createSqliteStore({ path });
  onTestFinished(() => working.close());
  const quoting = new Proxy(working, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function' || name === 'close') return member;
      return (...given: unknown[]) => Promise.reject(new Error(`down: ${String(name)} ${JSON.stringify(given)}`));
    },
  });
  const deps = { app, store: quoting, runtime };
  const callers = await callersOf(config, deps, {}, () => ['http://127.0.0.1']);
  const host = createHost({ ...deps, ...callers, publicUrl: null, host: '127.0.0.1', secrets: config.secrets });
  onTestFinished(() => host.close());
  const { text: key } = await createKey(
    { store: working, runtime },
    { name: 'ann', tenant: 'public', scopes: ['*'], expiresAt: null },
  );
  const { asked, marks } = requestsWith(key, variables['TIDEGATE_KEY'] ?? '', variables);
  const answers: string[] = [];
  for (const { path: target, ...init } of asked) {
    const response = await host.fetch(new Request(`http://127.0.0.1${target}`, init));
    const headers = [...response.headers].filter(([name]) => name !== 'set-cookie');
    answers.push(`${response.status} ${JSON.stringify(headers)} ${await response.text()}`);
  }
  for (const name of SECRETS_SET) marks.push((variables[name] ?? '').replace('whsec_', ''));
  marks.push(key.split('_')[2]?.slice(0, 40) ?? '');
  expect(answers.filter((text) => text.startsWith('503')).length).toBeGreaterThan(10);
  expect(lines.some((line) => line.includes('down: '))).toBe(true);
  expect(found(marks, lines)).toEqual([]);
  expect(found(marks, answers)).toEqual([]);
});
