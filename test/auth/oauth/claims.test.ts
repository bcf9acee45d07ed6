/** From claims to a principal: subjects, clients, tenants and scopes, as issuers write them. */
import { afterEach, describe, expect, test } from 'vitest';
import { createOauthIdentifier } from '../../../src/auth/oauth/oauth-identifier.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createGuardedFetch } from '../../../src/net/guarded-fetch.ts';
import { BASE, check, type Checked, plainConfig } from './checked.ts';

let checked: Checked;
afterEach(() => checked.issuer.close());

const scopesOf = async (claims: Record<string, unknown>) =>
  (await checked.principal(await checked.token(claims))).scopes;
const subjectOf = async (claims: Record<string, unknown>) =>
  (await checked.principal(await checked.token(claims))).subject.replace(checked.issuer.url, 'ISS');

describe('subject and client', () => {
  test('a user is named within the issuer, and the client by any of the claims for it', async () => {
    checked = await check();
    const token = await checked.token({ tenant: 'acme' });
    expect(await checked.principal(token)).toEqual({
      tenant: 'public',
      subject: `ada#${checked.issuer.url}`,
      client: 'app',
      scopes: ['streams:read'],
    });
    for (const name of ['azp', 'client_id', 'cid', 'appid']) {
      const { client } = await checked.principal(await checked.token({ client_id: undefined, [name]: 'x' }));
      expect(client).toBe('x');
    }
  });

  test('a client that acts for itself is another subject than a user of its name', async () => {
    checked = await check();
    expect(await subjectOf({ sub: 'app' })).toBe('app?ISS');
    expect(await subjectOf({ sub: 'app', client_id: 'other' })).toBe('app#ISS');
    expect(await subjectOf({ sub: 'app?x' })).toBe('app?x#ISS');
    // A client may be a URL (CIMD).
    const sub = 'https://a.example/c#x';
    expect(await subjectOf({ sub, client_id: sub })).toBe(`${sub}?ISS`);
  });

  test('a user whose token has no sub is not taken for the client, with all others of it', async () => {
    checked = await check();
    // Keycloak from 25 on writes neither sub nor sid where a client lacks the scope `basic`.
    for (const claims of [
      {},
      { typ: 'Bearer', realm_access: { roles: ['user'] } },
      { sid: 's' },
      { acr: '1' },
      { auth_time: 1 },
      { preferred_username: 'ada' },
      { email: 'a@b' },
    ]) {
      expect(await checked.outcome(await checked.token({ sub: undefined, ...claims }))).toContain('no subject');
    }
    await checked.issuer.close();
    checked = await check({ subjectClaim: 'preferred_username' });
    expect(await subjectOf({ sub: undefined, sid: 's', preferred_username: 'ada' })).toBe('ada#ISS');
    expect(await subjectOf({ sub: undefined, preferred_username: 'ada' })).toBe('ada#ISS');
  });

  test('what is no name is refused', async () => {
    checked = await check();
    for (const sub of ['', 'a\u0000b', 'a\nb', 'x'.repeat(256), {}, ['a', 'b'], null, true]) {
      expect(await checked.outcome(await checked.token({ sub })), JSON.stringify(sub)).toContain(
        'no subject that is taken (sub)',
      );
    }
    expect(await checked.outcome(await checked.token({ sub: undefined, client_id: undefined }))).toContain(
      'no subject',
    );
  });

  test('an address is a subject where the issuer says that it is verified', async () => {
    checked = await check({ subjectClaim: 'email' });
    for (const email_verified of [true, 'true']) {
      expect(await subjectOf({ email: 'ada@acme.example', email_verified })).toBe('ada@acme.example#ISS');
    }
    for (const email_verified of [undefined, false, 'false', 1, null, '', {}]) {
      const unverified = await checked.token({ email: 'ada@acme.example', email_verified });
      expect(await checked.outcome(unverified), JSON.stringify(email_verified)).toContain('no subject');
    }
  });
});

describe('tenant', () => {
  test.each([
    ['tid', { tid: 'acme' }],
    ['https://acme.example/tenant', { 'https://acme.example/tenant': 'acme' }],
    ['realm_access.tenant', { realm_access: { tenant: 'acme' } }],
    ['a.b', { 'a.b': 'acme', a: { b: 'other' } }],
    ['organization', { organization: ['acme'] }],
  ])('is the claim %s', async (tenantClaim, claims) => {
    checked = await check({ tenantClaim });
    expect((await checked.principal(await checked.token(claims))).tenant).toBe('acme');
  });

  test('a number is one too, and what is missing or could be several is refused', async () => {
    checked = await check({ tenantClaim: 'org.id' });
    expect((await checked.principal(await checked.token({ org: { id: 7 } }))).tenant).toBe('7');
    const wrong = [{}, { org: 'acme' }, { org: { id: '' } }, { org: { id: ['a', 'b'] } }, { org: { id: null } }];
    for (const claims of [...wrong, { org: [{ id: 'a' }] }, { org: { id: 'a\u0000b' } }, { org: { id: [['a']] } }]) {
      expect(await checked.outcome(await checked.token(claims)), JSON.stringify(claims)).toContain('no tenant');
    }
  });

  test('nobody takes the name of the tenant that has what belongs to the app', async () => {
    checked = await check({ tenantClaim: 'tid' });
    const refused = await checked.outcome(await checked.token({ tid: 'public' }));
    expect(refused).toContain('no tenant that is taken (tid): expected one text of 1 to 255 characters');
    expect(refused).toContain('other than public');
    expect(await checked.outcome(await checked.token())).toContain('it has no tenant (tid)');
  });

  test('names that every object has are no claims', async () => {
    checked = await check({ tenantClaim: 'constructor.name' });
    expect(await checked.outcome(await checked.token())).toContain('no tenant');
  });
});

describe('scopes', () => {
  test('come from scope and scp, as a text or a list, each once and in one order', async () => {
    checked = await check();
    const none = { scope: undefined };
    expect(await scopesOf({ scope: 'tasks streams:read tasks' })).toEqual(['streams:read', 'tasks']);
    expect(await scopesOf({ ...none, scp: 'tasks events' })).toEqual(['events', 'tasks']);
    expect(await scopesOf({ ...none, scp: ['tasks', 'events'] })).toEqual(['events', 'tasks']);
    expect(await scopesOf(none)).toEqual([]);
  });

  test('roles count of a client that acts for itself, where its token has no scopes, as Entra writes them', async () => {
    checked = await check();
    const roles = ['streams:read'];
    for (const claims of [{ sub: 'app' }, { sub: 'o', oid: 'o' }, { idtyp: 'app' }]) {
      expect(await scopesOf({ scope: undefined, roles, ...claims })).toEqual(roles);
    }
    for (const claims of [{}, { oid: 'o' }, { idtyp: 'user' }, { client_id: undefined, sub: 'o', oid: 'o' }]) {
      expect(await scopesOf({ scope: undefined, roles, ...claims })).toEqual([]);
    }
    expect(await scopesOf({ scope: 'tasks', roles: ['admin'] })).toEqual(['tasks']);
    expect(await scopesOf({ scope: '', roles: ['admin'] })).toEqual([]);
  });

  test('no token brings the scope of everything, nor what is no scope', async () => {
    checked = await check();
    expect(await scopesOf({ scope: '* tasks' })).toEqual(['tasks']);
    expect(
      await scopesOf({ scope: undefined, scp: ['*', 'a b', 'a"b', '', 7, null, 'x'.repeat(200), 'tasks'] }),
    ).toEqual(['tasks']);
    expect(await scopesOf({ scope: { tasks: true } })).toEqual([]);
    expect(await scopesOf({ scope: Array.from({ length: 1_000 }, (_, index) => `s${index}`) })).toHaveLength(100);
  });

  test('stand behind what the issuer writes before them, or alone', async () => {
    checked = await check({ scopePrefix: 'api://gate/' });
    const scp = 'api://gate/streams:read tasks api://other/admin';
    expect(await scopesOf({ scope: undefined, scp })).toEqual(['api://other/admin', 'streams:read', 'tasks']);
    expect(await scopesOf({ scope: 'api://gate/*' })).toEqual([]);
  });

  test('those that every token has are added', async () => {
    checked = await check({ defaultScopes: ['events'] });
    expect(await scopesOf({ scope: 'openid tasks' })).toEqual(['events', 'openid', 'tasks']);
  });
});

test('a configuration by which no token could be for this server, or all could do everything, is refused at the start', async () => {
  checked = await check();
  const runtime = systemRuntime(() => undefined);
  const deps = { runtime, fetch: createGuardedFetch(runtime), resources: [] };
  const config = { ...plainConfig, issuers: ['https://issuer.example'] };
  const create = (change: object) => () => createOauthIdentifier({ ...config, ...change }, { ...deps });
  expect(create({})).toThrow(expect.objectContaining({ code: 'invalid_config', field: 'PUBLIC_URL' }));
  // The metadata has to name the server too.
  expect(create({ audiences: ['api://gate'] })).toThrow(expect.objectContaining({ field: 'PUBLIC_URL' }));
  for (const scope of ['*', 'a"b']) {
    const named = () => createOauthIdentifier({ ...config, defaultScopes: [scope] }, { ...deps, resources: [BASE] });
    expect(named).toThrow(expect.objectContaining({ code: 'invalid_config', field: 'OAUTH_DEFAULT_SCOPES' }));
  }
});
