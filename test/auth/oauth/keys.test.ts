/** The keys of an issuer: found, kept, changed in the middle, and an issuer that is slow, dead, wrong or endless. */
import { afterEach, describe, expect, test } from 'vitest';
import { TidegateError } from '../../../src/base/errors.ts';
import { check, type Checked, keyOf } from './checked.ts';
import { type Answer, startIssuer } from './scripted-issuer.ts';

let checked: Checked;
afterEach(() => checked.issuer.close());

const METADATA = '/.well-known/oauth-authorization-server';
/** Takes a request and never answers. */
const silent: Answer = () => undefined;
const leadTo =
  (location: string): Answer =>
  (_request, response) =>
    void response.writeHead(302, { location }).end();
const failing: Answer = (_request, response) => void response.writeHead(500).end('broken');

async function refusal(work: Promise<unknown>): Promise<TidegateError> {
  const error: unknown = await work.then(
    () => new Error('it was let through'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof TidegateError) return error;
  throw error;
}

describe('discovery', () => {
  test.each(['/.well-known/openid-configuration/realms/b', '/realms/b/.well-known/openid-configuration'])(
    'an issuer with a path is found at %s',
    async (place) => {
      const issuer = await startIssuer('/realms/b');
      const metadata = issuer.answers.get(`${METADATA}/realms/b`);
      issuer.answers.delete(`${METADATA}/realms/b`);
      issuer.answers.set(place, metadata);
      checked = await check({}, { issuer });
      expect(await checked.outcome(await checked.token())).toBe('ok');
    },
  );

  test('2026-07-28 authorization-server-discovery "Authorization Server Metadata Discovery": metadata of another issuer is not used', async () => {
    checked = await check();
    for (const issuer of ['https://honest.example', `${checked.issuer.url}/`, null]) {
      checked.issuer.answers.set(METADATA, { issuer, jwks_uri: `${checked.issuer.origin}/keys` });
      const { code, message } = await refusal(checked.outcome(await checked.token()));
      expect(code).toBe('upstream');
      expect(message).toContain(issuer === null ? 'names no issuer' : `is of "${issuer}"`);
      checked.pass(60_000);
    }
    expect(checked.issuer.asked).not.toContain('/keys');
  });

  test('keys come over https, and from no private host that the operator did not name', async () => {
    checked = await check();
    for (const uri of [
      'http://keys.example/',
      'https://10.0.0.7/keys',
      'http://localhost:9/keys',
      'file:///etc/passwd',
    ]) {
      checked.issuer.answers.set(METADATA, { issuer: checked.issuer.url, jwks_uri: uri });
      expect((await refusal(checked.outcome(await checked.token()))).message, uri).toMatch(/is refused|cannot be read/);
      checked.pass(60_000);
    }
  });

  test('a redirect is followed at most twice, and to no private host', async () => {
    checked = await check();
    checked.issuer.answers.set('/moved', checked.issuer.answers.get('/keys'));
    checked.issuer.answers.set('/keys', leadTo('/moved'));
    expect(await checked.outcome(await checked.token())).toBe('ok');
    for (const location of ['/keys', 'https://169.254.169.254/latest', 'http://[::1]:9/']) {
      checked.pass(3_600_000);
      checked.issuer.answers.set('/keys', leadTo(location));
      expect((await refusal(checked.outcome(await checked.token()))).code, location).toBe('upstream');
    }
  });
});

describe('rotation', () => {
  test('a new key is taken at once where the keys are older than 30 s, and dropped keys go with the old ones', async () => {
    checked = await check();
    const next = await keyOf('ES256', 'next');
    expect(await checked.outcome(await checked.token())).toBe('ok');
    checked.pass(31_000);
    checked.issuer.publish([next]);
    expect(await checked.outcome(await checked.token({}, {}, next))).toBe('ok');
    expect(await checked.outcome(await checked.token({ jti: '2' }))).toContain('no key');
    expect(checked.requests()).toBe(3);
  });

  test('a dropped key is gone after five minutes, also where nobody asks for another one', async () => {
    checked = await check();
    expect(await checked.outcome(await checked.token())).toBe('ok');
    checked.issuer.publish([await keyOf('ES256', 'next')]);
    checked.pass(301_000);
    expect(await checked.outcome(await checked.token())).toContain('no key');
  });

  test('a key that was changed under its old name is found', async () => {
    checked = await check();
    expect(await checked.outcome(await checked.token())).toBe('ok');
    const next = { ...(await keyOf('ES256', 'next')), kid: checked.key.kid };
    checked.issuer.publish([{ ...next, publicJwk: { ...next.publicJwk, kid: next.kid } }]);
    checked.pass(31_000);
    expect(await checked.outcome(await checked.token({}, {}, next))).toBe('ok');
  });

  test('10,000 tokens with keys that nobody knows make one request', async () => {
    checked = await check();
    expect(await checked.outcome(await checked.token())).toBe('ok');
    checked.pass(31_000);
    const before = checked.requests();
    const [, payload = '', signature = ''] = (await checked.token()).split('.');
    const forged = Array.from({ length: 10_000 }, (_, index) => {
      const head = JSON.stringify({ alg: 'ES256', kid: `k${index}`, typ: 'JWT' });
      return `${Buffer.from(head).toString('base64url')}.${payload}.${signature}`;
    });
    const outcomes = new Set(await Promise.all(forged.map((token) => checked.outcome(token))));
    expect([...outcomes]).toEqual(['no key of its issuer signed it']);
    expect(checked.requests() - before).toBe(1);
  });
});

describe('an issuer that is not there', () => {
  test('with keys at hand, tokens are taken for ten minutes, and no longer', async () => {
    checked = await check();
    const token = (jti: number) => checked.token({ jti: String(jti) });
    expect(await checked.outcome(await token(1))).toBe('ok');
    checked.issuer.answers.set('/keys', failing);
    checked.pass(400_000);
    expect(await checked.outcome(await token(2))).toBe('ok');
    checked.pass(190_000);
    expect(await checked.outcome(await token(3))).toBe('ok');
    checked.pass(20_000);
    const refused = await refusal(checked.outcome(await token(4)));
    expect([refused.code, (refused.retryAfterMs ?? 0) >= 1_000]).toEqual(['upstream', true]);
    checked.pass(60_000);
    checked.issuer.publish([checked.key]);
    expect(await checked.outcome(await token(5))).toBe('ok');
  });

  test('without keys nothing is let through, and it is asked less and less', async () => {
    checked = await check();
    checked.issuer.answers.set(METADATA, failing);
    const token = await checked.token();
    const asked: number[] = [];
    for (let second = 0; second < 60; second += 1) {
      const { code, retryAfterMs } = await refusal(checked.outcome(token));
      expect([code, (retryAfterMs ?? 0) <= 30_000]).toEqual(['upstream', true]);
      asked.push(checked.issuer.asked.filter((path) => path === METADATA).length);
      checked.pass(1_000);
    }
    expect(asked.at(-1)).toBeLessThanOrEqual(6);
    expect(asked[5]).toBeGreaterThanOrEqual(2);
  });

  test('where a key is not known and the issuer does not answer, it is not said that the token is wrong', async () => {
    checked = await check();
    expect(await checked.outcome(await checked.token())).toBe('ok');
    checked.issuer.answers.set('/keys', failing);
    checked.pass(31_000);
    const unknown = await checked.token({}, {}, await keyOf('ES256', 'next'));
    expect((await refusal(checked.outcome(unknown))).code).toBe('upstream');
    expect(await checked.outcome(await checked.token({ jti: '2' }))).toBe('ok');
  });

  test('a silent one is given up after 5 s, by all that wait for it, with one request', async () => {
    checked = await check();
    checked.issuer.answers.set(METADATA, silent);
    const token = await checked.token();
    const begun = performance.now();
    const refusals = await Promise.all(Array.from({ length: 100 }, () => refusal(checked.outcome(token))));
    expect(performance.now() - begun).toBeLessThan(6_500);
    expect(new Set(refusals.map(({ code }) => code))).toEqual(new Set(['upstream']));
    expect(checked.requests()).toBe(1);
  });

  test('a hundred requests that meet at the start make one exchange', async () => {
    checked = await check();
    const tokens = await Promise.all(Array.from({ length: 100 }, (_, index) => checked.token({ jti: String(index) })));
    expect(new Set(await Promise.all(tokens.map((token) => checked.outcome(token))))).toEqual(new Set(['ok']));
    expect(checked.requests()).toBe(2);
  });

  test('old keys are used while a silent issuer is asked, after a second at most', async () => {
    checked = await check();
    expect(await checked.outcome(await checked.token())).toBe('ok');
    checked.issuer.answers.set('/keys', silent);
    checked.pass(301_000);
    const begun = performance.now();
    expect(await checked.outcome(await checked.token({ jti: '2' }))).toBe('ok');
    expect(performance.now() - begun).toBeLessThan(2_000);
  });
});

test('an issuer without keys is not asked for each token that nobody knows', async () => {
  checked = await check();
  checked.issuer.answers.set('/keys', { keys: [] });
  const token = await checked.token();
  for (let at = 0; at < 200; at += 1) await refusal(checked.outcome(`${token.slice(0, -6)}${100_000 + at}`));
  expect(checked.issuer.asked.filter((path) => path === '/keys')).toHaveLength(1);
});

describe('what is no set of keys', () => {
  const odd: [string, unknown][] = [
    ['no keys', { keys: [] }],
    ['no list', { keys: {} }],
    ['no object', [1]],
    ['odd members', { keys: [null, 7, 'x', {}, { kty: 'RSA', n: 'AQAB', e: 'AQAB', kid: 'ES256-1' }] }],
    ['something else', ((_request, response) => void response.end('<html>')) satisfies Answer],
  ];
  test.each(odd)('%s is a failure of the issuer', async (_name, answer) => {
    checked = await check();
    checked.issuer.answers.set('/keys', answer);
    expect((await refusal(checked.outcome(await checked.token()))).code).toBe('upstream');
  });

  test.each(['with its length', 'in pieces'])('10 MB of keys are refused %s, without being held', async (way) => {
    checked = await check();
    let sent = 0;
    const piece = Buffer.alloc(65_536, 0x20);
    checked.issuer.answers.set('/keys', ((_request, response) => {
      if (way === 'with its length') response.setHeader('Content-Length', 10_000_000);
      const more = () => {
        while (sent < 10_000_000 && !response.destroyed) {
          sent += piece.length;
          if (!response.write(piece)) {
            response.once('drain', more);
            return;
          }
        }
        response.end();
      };
      more();
    }) satisfies Answer);
    const before = process.memoryUsage().arrayBuffers;
    expect((await refusal(checked.outcome(await checked.token()))).message).toContain('larger than 262144 bytes');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8_000_000);
  });
});
