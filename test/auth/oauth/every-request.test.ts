/**
 * Tokens are judged the same for whatever a client may send: a request of each revision, a batch, a stream that it asks for, the
 * end of its session. And a token that was only made anew is told to step up as the one before it was.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { INITIALIZE } from '../rows.ts';
import { keyOf } from './checked.ts';
import { type Gate, startGate } from './gate.ts';
import { type ScriptedIssuer, type SigningKey, signToken, startIssuer } from './scripted-issuer.ts';

let issuer: ScriptedIssuer;
let key: SigningKey;
let gate: Gate;

beforeAll(async () => {
  issuer = await startIssuer();
  key = await keyOf('RS256');
  issuer.publish([key]);
  gate = await startGate({ OAUTH_ISSUER: issuer.url, TIDEGATE_SECRET: 'a secret of the tests, of 32 characters' });
});
afterAll(async () => {
  await gate.stop();
  await issuer.close();
});

function token(claims: Record<string, unknown> = {}, by = key): Promise<string> {
  const own = { iss: issuer.url, sub: 'ada', aud: `${gate.url}/mcp`, client_id: 'app', scope: 'streams:read tasks' };
  return signToken(by, { ...own, ...claims }, Date.now());
}

const message = (method: string, params: object = {}) => ({ jsonrpc: '2.0', id: 1, method, params });

/** What is sent, and the status for a good token: no session is named, so there is none to end and none to stream. */
const FORMS: Readonly<
  Record<string, readonly [status: number, method: string, version: string | null, body: unknown]>
> = {
  'initialize of 2025-11-25': [200, 'POST', null, message('initialize', INITIALIZE.params)],
  'a request of 2025-11-25': [200, 'POST', '2025-11-25', message('tools/list')],
  'a notification of 2025-11-25': [202, 'POST', '2025-11-25', { jsonrpc: '2.0', method: 'notifications/initialized' }],
  'a batch of 2025-03-26': [200, 'POST', '2025-03-26', [message('ping')]],
  'a stream': [405, 'GET', '2025-11-25', null],
  'the end of a session': [400, 'DELETE', '2025-11-25', null],
};

async function ask(form: string, held: string | null): Promise<Response> {
  const [, method, version, body] = FORMS[form] ?? [];
  const response = await fetch(`${gate.url}/mcp`, {
    method: method ?? 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...(version ? { 'MCP-Protocol-Version': version } : {}),
      ...(held === null ? {} : { Authorization: `Bearer ${held}` }),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  await response.body?.cancel();
  return response;
}

test.each(Object.keys(FORMS))('%s', async (form) => {
  const [served] = FORMS[form] ?? [];
  const answered = await ask(form, await token());

  expect(answered.status).toBe(served);
  const past = Math.floor(Date.now() / 1_000) - 600;
  const wrong = {
    'no token': null,
    'another audience': await token({ aud: 'https://another-resource.example.com/mcp' }),
    'no audience': await token({ aud: undefined }),
    'an end that is past': await token({ exp: past, iat: past - 300 }),
    'a key that nobody published': await token({}, await keyOf('RS256', 'untrusted')),
  };
  for (const [what, held] of Object.entries(wrong)) {
    const refused = await ask(form, held);
    expect([what, refused.status]).toEqual([what, 401]);
    const challenge = refused.headers.get('www-authenticate') ?? '';
    expect(challenge).toContain(`resource_metadata="${gate.url}/.well-known/oauth-protected-resource/mcp"`);
    expect([what, challenge.includes('error="invalid_token"')]).toEqual([what, held !== null]);
  }
});

test('a token that was refreshed with the scopes of the one before steps up no further', async () => {
  const challenges = [];
  for (const jti of ['first', 'refreshed']) {
    const refused = await gate.call(await token({ jti }), 'order');
    expect(refused.status).toBe(403);
    challenges.push(refused.headers.get('www-authenticate'));
  }
  expect(challenges[1]).toBe(challenges[0]);
  const [, scope] = /scope="([^"]+)"/.exec(challenges[0] ?? '') ?? [];
  expect((await gate.call(await token({ scope: `streams:read tasks ${scope}` }), 'order')).status).toBe(200);
});
