/** Tokens that are not JWTs: asked for at the issuer (RFC 7662), and judged by its answer. */
import type { ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { TidegateError } from '../../../src/base/errors.ts';
import { BASE, check, type Checked } from './checked.ts';
import type { Answer } from './scripted-issuer.ts';

let checked: Checked;
afterEach(() => checked.issuer.close());

const introspection = { clientId: 'gate way', clientSecret: 's:e/c r%t', url: null };
const ACTIVE = { active: true, sub: 'ada', aud: `${BASE}/mcp`, client_id: 'app', scope: 'tasks' };

async function stage(answer: unknown = ACTIVE, change: object = {}) {
  checked = await check({ introspection, ...change });
  checked.issuer.answers.set('/introspect', answer);
}

const failing: Answer = (_request, response) => void response.writeHead(500).end();

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'let through',
    (thrown: unknown) => (thrown instanceof TidegateError ? thrown.code : 'something else'),
  );

test('an active token is its user, and is asked for once in 30 s', async () => {
  await stage({ ...ACTIVE, iss: undefined });
  expect(await checked.principal('opaque-1')).toEqual({
    tenant: 'public',
    subject: `ada#${checked.issuer.url}`,
    client: 'app',
    scopes: ['tasks'],
  });
  expect(await checked.outcome('opaque-1')).toBe('ok');
  expect(checked.issuer.introspected).toHaveLength(1);
  const [{ authorization, form } = { authorization: '', form: new URLSearchParams() }] = checked.issuer.introspected;
  // RFC 6749, 2.3.1: encoded as in a form, then joined.
  expect(atob((authorization ?? '').replace('Basic ', ''))).toBe('gate+way:s%3Ae%2Fc+r%25t');
  expect(Object.fromEntries(form)).toEqual({ token: 'opaque-1', token_type_hint: 'access_token' });
  checked.pass(31_000);
  expect(await checked.outcome('opaque-1')).toBe('ok');
  expect(checked.issuer.introspected).toHaveLength(2);
});

test('a client that acts for itself may be answered without a sub', async () => {
  await stage({ ...ACTIVE, sub: undefined });
  expect((await checked.principal('opaque-1')).subject).toBe(`app?${checked.issuer.url}`);
});

test('a revoked token is refused within 30 s', async () => {
  await stage();
  expect(await checked.outcome('opaque-1')).toBe('ok');
  checked.issuer.answers.set('/introspect', { active: false });
  checked.pass(30_001);
  expect(await checked.outcome('opaque-1')).toContain('does not know it');
});

test('what the answer says is judged: active, issuer, audience, end, kind', async () => {
  await stage();
  const soon = Math.floor(Date.now() / 1_000);
  const cases: [object, string][] = [
    [{ active: false }, 'does not know'],
    [{ active: 'true' }, 'does not know'],
    [{}, 'does not know'],
    [{ ...ACTIVE, iss: 'https://other.example' }, 'does not know'],
    [{ ...ACTIVE, iss: checked.issuer.url }, 'ok'],
    [{ ...ACTIVE, aud: undefined }, '(aud)'],
    [{ ...ACTIVE, aud: 'https://other.example' }, '(aud)'],
    [{ ...ACTIVE, exp: soon - 60 }, 'expired'],
    [{ ...ACTIVE, exp: soon + 60 }, 'ok'],
    [{ ...ACTIVE, nbf: soon + 60 }, '(nbf)'],
    [{ ...ACTIVE, typ: 'Refresh' }, 'not an access token'],
    [{ ...ACTIVE, token_type: 'refresh_token' }, 'not an access token'],
    [{ ...ACTIVE, token_use: 'refresh_token', token_type: 'Bearer' }, 'not an access token'],
    // Ory Hydra's.
    [{ ...ACTIVE, token_use: 'access_token', token_type: 'Bearer' }, 'ok'],
    [{ ...ACTIVE, sub: undefined, username: 'ada' }, 'no subject'],
    [{ ...ACTIVE, sub: undefined }, 'ok'],
    [{ ...ACTIVE, cnf: { jkt: 'x' } }, '(cnf)'],
    [{ ...ACTIVE, sub: undefined, client_id: undefined }, 'no subject'],
  ];
  for (const [index, [answer, outcome]] of cases.entries()) {
    checked.issuer.answers.set('/introspect', answer);
    expect(await checked.outcome(`opaque-${index}`), JSON.stringify(answer)).toContain(outcome);
  }
});

test('the secret goes by form where the issuer takes it in no other way, and to a place of its own where one is named', async () => {
  await stage();
  const { origin, url } = checked.issuer;
  checked.issuer.answers.set('/.well-known/oauth-authorization-server', {
    issuer: url,
    introspection_endpoint: `${origin}/introspect`,
    introspection_endpoint_auth_methods_supported: ['client_secret_post'],
  });
  expect(await checked.outcome('opaque-1')).toBe('ok');
  const [asked] = checked.issuer.introspected;
  expect([asked?.authorization, asked?.form.get('client_secret')]).toEqual([undefined, introspection.clientSecret]);
  await checked.issuer.close();
  await stage(ACTIVE, { introspection: { ...introspection, url: null } });
});

test('an issuer that fails is left alone for a while, and nothing is let through', async () => {
  await stage(failing);
  expect(await codeOf(checked.outcome('opaque-1'))).toBe('upstream');
  expect(await codeOf(checked.outcome('opaque-2'))).toBe('upstream');
  expect(checked.issuer.introspected).toHaveLength(1);
  checked.pass(3_000);
  checked.issuer.answers.set('/introspect', ACTIVE);
  expect(await checked.outcome('opaque-1')).toBe('ok');
});

test('a secret follows no redirect', async () => {
  await stage(((_request, response) => void response.writeHead(307, { location: '/other' }).end()) satisfies Answer);
  expect(await codeOf(checked.outcome('opaque-1'))).toBe('upstream');
  expect(checked.issuer.asked).not.toContain('/other');
});

test('a flood of tokens that nobody knows asks 32 at once, and the same one once in 5 s', async () => {
  let open = 0;
  let most = 0;
  await stage(((_request, response) => {
    most = Math.max(most, ++open);
    setImmediate(() => {
      open -= 1;
      response.end('{"active":false}');
    });
  }) satisfies Answer);
  await checked.outcome('first');
  const codes = await Promise.all(
    Array.from({ length: 500 }, (_, index) => codeOf(checked.outcome(`garbage-${index}`))),
  );
  expect(most).toBeLessThanOrEqual(32);
  expect(codes.filter((code) => code !== 'let through').length).toBe(500 - (checked.issuer.introspected.length - 1));
  const before = checked.issuer.introspected.length;
  for (let at = 0; at < 10; at += 1) expect(await checked.outcome('first')).toContain('does not know');
  expect(checked.issuer.introspected.length).toBe(before);
});

/** Junk is answered as the test says, all else is active. */
const junkBy = (answerJunk: (response: ServerResponse) => void): Answer =>
  ((_request, response, body) => {
    if (new URLSearchParams(body).get('token')?.startsWith('junk')) answerJunk(response);
    else response.end(JSON.stringify(ACTIVE));
  }) satisfies Answer;

test.each([
  ['is asked for too much of them', (response: ServerResponse) => void response.writeHead(429).end()],
  ['fails at them', (response: ServerResponse) => void response.writeHead(500).end()],
])('whoever was let in of late is not kept out by invented tokens, where the issuer %s', async (_, answerJunk) => {
  await stage(junkBy(answerJunk));
  expect(await checked.outcome('good-1')).toBe('ok');
  checked.pass(31_000);
  expect(await codeOf(checked.outcome('junk-1'))).toBe('upstream');
  expect(await codeOf(checked.outcome('new-1'))).toBe('upstream');
  expect(await checked.outcome('good-1')).toBe('ok');
  checked.pass(3_000);
  expect(await checked.outcome('new-1')).toBe('ok');
});

test('tokens that are invented one after another are asked about in a ration', async () => {
  await stage({ active: false });
  const codes: string[] = [];
  for (let at = 0; at < 400; at += 1) codes.push(await codeOf(checked.outcome(`junk-${at}`)));
  // 100, and 20 for each second that the test takes.
  expect(checked.issuer.introspected.length).toBeLessThan(300);
  expect(codes.filter((code) => code === 'overloaded').length).toBe(400 - checked.issuer.introspected.length);
  checked.pass(1_000);
  checked.issuer.answers.set('/introspect', ACTIVE);
  for (let at = 0; at < 200; at += 1) expect(await checked.outcome(`new-${at}`)).toBe('ok');
});

test('a new token waits for room while others are asked about', async () => {
  const held: ServerResponse[] = [];
  await stage(junkBy((response) => held.push(response)));
  expect(await checked.outcome('good-1')).toBe('ok');
  checked.pass(31_000);
  const junk = Array.from({ length: 32 }, (_, index) => codeOf(checked.outcome(`junk-${index}`)));
  await expect.poll(() => held.length).toBe(32);
  const waiting = checked.outcome('new-1');
  expect(await checked.outcome('good-1')).toBe('ok');
  for (const response of held) response.end('{"active":false}');
  expect(await waiting).toBe('ok');
  await Promise.all(junk);
});

test('keys of ours, and texts that are no tokens, never reach the issuer', async () => {
  await stage();
  for (const text of ['tg_abc_def', 'a b', 'ü', 'a"b']) expect(checked.takes(text)).toBe(false);
  expect(checked.takes('opaque-1')).toBe(true);
});
