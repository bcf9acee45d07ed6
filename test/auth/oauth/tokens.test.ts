/** Which tokens are taken, and for whom: signatures, issuers, audiences, times, kinds. */
import { afterEach, describe, expect, test } from 'vitest';
import { base64url, type CryptoKey, exportSPKI, importJWK, SignJWT } from 'jose';
import { BASE, check, type Checked, keyOf } from './checked.ts';
import { newKey, startIssuer } from './scripted-issuer.ts';

let checked: Checked;
afterEach(() => checked.issuer.close());

const REFUSED = { ok: false, error: 'invalid_token' };

describe('what the caller hears of a refusal', () => {
  test('is the reason where the issuer stands behind the token, and nothing where it does not', async () => {
    checked = await check();
    const elsewhere = await checked.token({ aud: 'https://other.example/mcp' });
    expect(await checked.identify(elsewhere)).toMatchObject({ told: 'its audience is not this server (aud)' });
    const old = await checked.token({ exp: 1 });
    expect(await checked.identify(old)).toMatchObject({ told: 'it has expired' });
    const forged = await checked.token({ exp: 1 }, {}, await keyOf('ES256', 'other'));
    expect(await checked.identify(forged)).not.toHaveProperty('told');
    expect(await checked.identify(await checked.token({ iss: 'https://other.example' }))).not.toHaveProperty('told');
  });
});

describe('signatures', () => {
  const ALL = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
  test.each(ALL)('%s is taken', async (alg) => {
    checked = await check({}, { alg });
    expect(await checked.outcome(await checked.token())).toBe('ok');
  });

  test('alg:none is refused, with and without a signature', async () => {
    checked = await check();
    const [, payload = '', signature = ''] = (await checked.token()).split('.');
    for (const alg of ['none', 'None', 'nOnE', '']) {
      const head = base64url.encode(JSON.stringify({ alg, typ: 'JWT' }));
      for (const end of ['', signature])
        expect(await checked.identify(`${head}.${payload}.${end}`)).toMatchObject(REFUSED);
    }
    expect(checked.requests()).toBe(0);
  });

  test('the public key of the issuer does not sign as a shared secret (RS256 taken for HS256)', async () => {
    checked = await check({}, { alg: 'RS256' });
    const pem = await exportSPKI(await publicKeyOf(checked));
    for (const secret of [pem, JSON.stringify(checked.key.publicJwk), String(checked.key.publicJwk.n)]) {
      const forged = await new SignJWT({ iss: checked.issuer.url, aud: `${BASE}/mcp`, sub: 'ada', exp: 9_999_999_999 })
        .setProtectedHeader({ alg: 'HS256', kid: checked.key.kid })
        .sign(new TextEncoder().encode(secret));
      expect(await checked.outcome(forged)).toContain('(alg)');
    }
  });

  test('a symmetric key, a private key and a key for encryption among the keys count for nothing', async () => {
    checked = await check();
    const secret = base64url.encode('a secret of thirty-two characters');
    const other = await keyOf('ES256', 'other');
    const encryption = { ...other.publicJwk, use: 'enc' };
    checked.issuer.answers.set('/keys', {
      keys: [{ kty: 'oct', k: secret, kid: 'ES256-1', alg: 'HS256' }, encryption, checked.key.publicJwk],
    });
    expect(await checked.outcome(await checked.token())).toBe('ok');
    expect(await checked.outcome(await checked.token({}, {}, other))).toContain('no key');
  });

  test('a key or a place for one in the header is not looked at', async () => {
    checked = await check();
    const theirs = await newKey('ES256', 'ES256-1');
    const elsewhere = await startIssuer();
    elsewhere.publish([theirs]);
    for (const header of [{ jwk: theirs.publicJwk }, { jku: `${elsewhere.origin}/keys` }, { x5u: elsewhere.origin }]) {
      expect(await checked.outcome(await checked.token({}, header, theirs))).toContain('no key');
    }
    expect(elsewhere.asked).toEqual([]);
    await elsewhere.close();
  });

  test('a kid that is a path, a query or a statement is a name that no key has', async () => {
    checked = await check();
    const kids = ['../../etc/passwd', '/dev/null', "' OR 1=1 --", '?x=1', 'a\u0000b', '__proto__', ''];
    for (const kid of kids) expect(await checked.outcome(await checked.token({}, { kid }))).toContain('no key');
    expect(new Set(checked.issuer.asked)).toEqual(new Set(['/.well-known/oauth-authorization-server', '/keys']));
  });

  test('a header that makes anything critical is refused', async () => {
    checked = await check();
    const [, payload = '', signature = ''] = (await checked.token()).split('.');
    const head = base64url.encode(JSON.stringify({ alg: 'ES256', kid: checked.key.kid, crit: ['b64'], b64: true }));
    expect(await checked.outcome(`${head}.${payload}.${signature}`)).toContain('(crit)');
  });

  test('a changed claim, and the signature of another key, are refused', async () => {
    checked = await check();
    const [head = '', payload = '', signature = ''] = (await checked.token()).split('.');
    const claims = JSON.parse(new TextDecoder().decode(base64url.decode(payload))) as object;
    const changed = base64url.encode(JSON.stringify({ ...claims, sub: 'eve' }));
    expect(await checked.outcome(`${head}.${changed}.${signature}`)).toContain('no key');
    const theirs = await newKey('ES256', 'ES256-1');
    expect(await checked.outcome(await checked.token({}, {}, theirs))).toContain('no key');
  });

  test('a token without a kid is tried with the keys that fit', async () => {
    checked = await check();
    const other = await keyOf('ES256', 'other');
    checked.issuer.publish([other, checked.key]);
    expect(await checked.outcome(await checked.token({}, { kid: undefined }))).toBe('ok');
  });
});

describe('whose it is', () => {
  test('an issuer that is not configured is refused without being asked', async () => {
    checked = await check();
    const elsewhere = await startIssuer();
    elsewhere.publish([checked.key]);
    for (const iss of [elsewhere.url, `${checked.issuer.url}/`, checked.issuer.url.toUpperCase(), undefined, 7]) {
      expect(await checked.outcome(await checked.token({ iss }))).toContain('issuer');
    }
    expect([...elsewhere.asked, ...checked.issuer.asked]).toEqual([]);
    await elsewhere.close();
  });

  test('with two issuers each has its own keys, and equal subjects stay apart', async () => {
    const second = await startIssuer('/second');
    const theirs = await keyOf('ES256', 'second');
    second.publish([theirs]);
    const first = await startIssuer();
    checked = await check({ issuers: [first.url, second.url] }, { issuer: first });
    const a = await checked.principal(await checked.token());
    const b = await checked.principal(await checked.token({ iss: second.url }, {}, theirs));
    expect([a.subject, b.subject]).toEqual([`ada#${first.url}`, `ada#${second.url}`]);
    expect(await checked.outcome(await checked.token({ iss: second.url }))).toContain('no key');
    expect(await checked.outcome(await checked.token({}, {}, theirs))).toContain('no key');
    await second.close();
  });

  test('every way to write this server is taken as the audience, in a list too', async () => {
    checked = await check({ audiences: ['api://gate'] });
    const own = ['', '/', '/mcp', '/mcp/'].map((form) => BASE + form);
    for (const aud of [...own, 'HTTPS://Gate.Example/mcp', 'api://gate', ['https://x.example', own[0]]]) {
      expect(await checked.outcome(await checked.token({ aud })), String(aud)).toBe('ok');
    }
  });

  test('another audience, a part of ours, and none are refused', async () => {
    checked = await check();
    const others = ['https://gate.example.evil/mcp', `${BASE}/other`, `${BASE}/MCP`, `${BASE}/mcp?x=1`, `${BASE}/mcp#`];
    const odd = ['https://gate.example@evil.example/mcp', '', '*', [], {}, null, 1, undefined, `${BASE}/mcp `];
    for (const aud of [...others, ...odd]) {
      expect(await checked.outcome(await checked.token({ aud })), JSON.stringify(aud)).toContain('(aud)');
    }
  });

  test('an id token is refused where it can be told: by its type, its claims, or an audience that is its client', async () => {
    checked = await check({ audiences: ['app'] });
    const plain = { scope: undefined };
    const idTokens = [
      await checked.token({ ...plain, aud: 'app' }, { typ: 'JWT' }),
      await checked.token({ nonce: 'n' }, { typ: 'JWT' }),
      await checked.token({ at_hash: 'h' }, { typ: undefined }),
      await checked.token({ typ: 'ID' }, { typ: 'JWT' }),
      await checked.token({ typ: 'Refresh' }, { typ: 'JWT' }),
      await checked.token({ token_use: 'id' }, { typ: 'JWT' }),
      await checked.token({ token_type: 'refresh_token' }, { typ: 'JWT' }),
      // Entra's, whose roles are those of the user, and Okta's: no client, and an audience that is one.
      await checked.token({ ...plain, client_id: undefined, aud: 'app', roles: ['admin'] }, { typ: 'JWT' }),
      await checked.token({ ...plain, client_id: undefined, aud: 'app', oid: 'ada' }, { typ: 'JWT' }),
      await checked.token({ ...plain, aud: 'app', roles: ['admin'] }, { typ: 'JWT' }),
      await checked.token({}, { typ: 'logout+jwt' }),
      await checked.token({}, { typ: 'dpop+jwt' }),
    ];
    for (const token of idTokens) expect(await checked.outcome(token)).toContain('not an access token');
    for (const typ of ['at+jwt', 'application/at+jwt', 'AT+JWT', 'JWT', undefined]) {
      expect(await checked.outcome(await checked.token({}, { typ }))).toBe('ok');
    }
    // Keycloak's, which writes a nonce into access tokens too, in some versions.
    expect(await checked.outcome(await checked.token({ typ: 'Bearer', nonce: 'n' }, { typ: 'JWT' }))).toBe('ok');
    // Hydra's and Cognito's.
    for (const token_use of ['access_token', 'access']) {
      expect(await checked.outcome(await checked.token({ token_use }, { typ: 'JWT' }))).toBe('ok');
    }
    // An issuer that names neither client nor scopes, for the URL of this server.
    expect(await checked.outcome(await checked.token({ ...plain, client_id: undefined }, { typ: 'JWT' }))).toBe('ok');
    // Entra's, of an application that asks for its own scopes.
    expect(await checked.outcome(await checked.token({ aud: 'app', scp: 'streams:read' }, { typ: 'JWT' }))).toBe('ok');
  });

  test('a token that is bound to a key of its owner does not pass as a bearer token', async () => {
    checked = await check();
    for (const cnf of [{ jkt: 'thumb' }, { 'x5t#S256': 'thumb' }, {}]) {
      expect(await checked.outcome(await checked.token({ cnf }))).toContain('(cnf)');
    }
  });
});

const seconds = () => Math.floor(checked.now() / 1_000);

describe('times', () => {
  test('an end is needed, and clocks may differ by 30 s on either side', async () => {
    checked = await check();
    const cases: [object, string][] = [
      [{ exp: undefined }, 'no end'],
      [{ exp: seconds() - 40 }, 'expired'],
      [{ exp: seconds() - 20 }, 'ok'],
      [{ nbf: seconds() + 40 }, '(nbf)'],
      [{ nbf: seconds() + 20 }, 'ok'],
      [{ iat: seconds() + 40 }, '(iat)'],
      [{ iat: seconds() + 20 }, 'ok'],
      [{ exp: '9999999999' }, 'no number'],
      [{ exp: null }, 'no number'],
      [{ nbf: 'soon' }, 'no number'],
    ];
    for (const [claims, outcome] of cases) {
      expect(await checked.outcome(await checked.token({ ...claims })), JSON.stringify(claims)).toContain(outcome);
    }
  });

  test('a token that was taken is refused once it has ended, though it was kept', async () => {
    checked = await check();
    const token = await checked.token({ exp: seconds() + 10 });
    expect(await checked.outcome(token)).toBe('ok');
    checked.pass(45_000);
    expect(await checked.outcome(token)).toBe('it has expired');
  });
});

test('what is no token is refused, and so is one of more than 16 KiB before anything reads it', async () => {
  checked = await check();
  const good = await checked.token();
  const long = await checked.token({ pad: 'x'.repeat(13_000) });
  expect(long.length).toBeGreaterThan(16_384);
  expect(await checked.outcome(long)).toContain('16 KiB');
  for (const text of ['eyJ.e.x', 'eyJhbGciOiJFUzI1NiJ9.bm8.x', `${good}x`, good.slice(0, -4), `${good}.${good}`]) {
    if (checked.takes(text)) expect(await checked.identify(text), text).toMatchObject(REFUSED);
  }
  expect(['tg_a_b', 'opaque', `${good}.x`, `${good} `, ''].filter((text) => checked.takes(text))).toEqual([]);
});

async function publicKeyOf({ key }: Checked): Promise<CryptoKey> {
  return (await importJWK(key.publicJwk, key.alg, { extractable: true })) as CryptoKey;
}
