/** The one reader of secrets, and where secrets may stand in each kind of feed. */
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineApp, http, stream } from '../../src/index.ts';
import { checkSecretsSet, openSecrets, redactedError } from '../../src/declare/check/open-secrets.ts';
import { revealed, secret, secretsWithin } from '../../src/declare/secret.ts';
import { TidegateError } from '../../src/base/errors.ts';

const KEY = secret('KEY', (key) => `Bearer ${key}`);
const OTHER = secret('OTHER', null, { optional: true });

it('a secret within a text is told at once, with how it is written', () => {
  const written = "secret('KEY') stands within a text: expected secret('KEY', (value) => `Bearer ${value}`)";
  // oxlint-disable-next-line typescript/restrict-template-expressions, typescript/no-base-to-string -- the mistake that is told
  expect(() => `Bearer ${KEY}`).toThrow(
    expect.objectContaining({
      code: 'invalid_config',
      field: 'KEY',
      message: expect.stringContaining(written) as string,
    }),
  );
  const [value, isNotShown] = ['sk-live-abc', expect.not.stringContaining('sk-live-abc') as string];
  // oxlint-disable-next-line typescript/restrict-template-expressions, typescript/no-base-to-string -- the same
  expect(() => `Bearer ${secret(value)}`).toThrow(expect.objectContaining({ field: 'NAME', message: isNotShown }));
  expect(JSON.stringify(KEY)).toBe('{"kind":"secret","name":"KEY","optional":false}');
});
const open = (variables: Record<string, string>) =>
  openSecrets('the feed x', [KEY, OTHER], (name) => variables[name] ?? null);

describe('secrets', () => {
  it('are found however deep, and not within what is no data', () => {
    expect(secretsWithin({ a: [KEY, { b: OTHER }], at: new Date(0), made: () => KEY })).toEqual([KEY, OTHER]);
    expect(secretsWithin([null, 'x', { kind: 'secret', name: 'not one' }])).toEqual([]);
  });

  it('become texts, and what holds one that is not set is left out', () => {
    const at = new Date(0);
    const value = { headers: { a: KEY, b: OTHER }, list: [OTHER, 1], at, none: null };
    const { valueOf } = open({ KEY: '123456' });
    expect(revealed(value, valueOf)).toEqual({ headers: { a: 'Bearer 123456' }, list: [1], at, none: null });
  });

  it('that are missing, or have no form, are told by the name of their variable', () => {
    expect(() => open({})).toThrow(refused('KEY', 'to be set, because the feed x sends it'));
    const broken = secret('KEY', () => {
      throw new Error('123456');
    });
    expect(() => openSecrets('the feed x', [broken], () => '123456')).toThrow(refused('KEY', 'a value of which'));
  });

  it('that are missing are all told at once, with what declares each', () => {
    const app = defineApp({
      name: 'app',
      version: '1',
      description: 'An app',
      streams: {
        rooms: stream({ description: 'x', schema: z.object({}), push: { token: secret('PUSH_TOKEN') } }),
        quotes: stream({
          description: 'x',
          schema: z.object({}),
          feed: http({ url: 'https://example.org', headers: { a: KEY, b: OTHER } }),
        }),
      },
    });
    const told = (set: Record<string, string>) => () => checkSecretsSet(app, (name) => set[name] ?? null);
    expect(told({})).toThrow(refused('PUSH_TOKEN', 'streams.rooms declares it'));
    expect(told({})).toThrow(
      /^2 variable\(s\)[^]*\n {2}PUSH_TOKEN: .*\n {2}KEY: expected to be set, because streams\.quotes declares/,
    );
    expect(told({ PUSH_TOKEN: 'x' })).toThrow(refused('KEY', 'streams.quotes declares it'));
    expect(told({ PUSH_TOKEN: 'x', KEY: 'x' })).not.toThrow();
  });

  it.each([
    ['its beginning', 'the header is "id, tok:ABCDEF"', 'the header is "id, [secret]"'],
    ['its end', 'no JSON: ..."56789 is"', 'no JSON: ..."56789 is"'],
    ['its end, of some length', 'no JSON: ..."3456789" at 7', 'no JSON: ..."[secret]" at 7'],
    ['its middle', 'it said "EFGHIJKL…', 'it said "[secret]…'],
    ['nothing of it', 'it said "no"', 'it said "no"'],
  ])('are redacted in errors that quote %s', (_piece, message, shown) => {
    const secrets = open({ KEY: 'tok:ABCDEFGHIJKLMN0123456789' });
    expect(redactedError(new TidegateError('upstream', message), secrets).message).toBe(shown);
  });

  it('are redacted as the path of a URL shows them', () => {
    const { pathname } = new URL('https://example.org/bot12:ab "c|d/get');
    expect(open({ KEY: '12:ab "c|d' }).redact(pathname)).toBe('/bot[secret]/get');
  });

  it('are redacted in errors, as they are and as URLs and JSON write them', () => {
    const secrets = open({ KEY: 'a b/"c', OTHER: 'short' });
    const error = new TidegateError('upstream', 'a b/"c a%20b%2F%22c Bearer a b/"c short', {
      hint: 'a b/\\"c',
      expected: 'a b/"c',
      cause: new Error('a b/"c'),
      retryAfterMs: 5,
    });
    const { code, message, hint, expected, cause, retryAfterMs } = redactedError(error, secrets);
    expect([code, message, hint, expected, cause, retryAfterMs]).toEqual([
      'upstream',
      '[secret] [secret] [secret] short',
      '[secret]',
      '[secret]',
      undefined,
      5,
    ]);
  });
});

function refused(field: string, expected: string): Error {
  const words = expect.stringContaining(expected) as string;
  return expect.objectContaining({ code: 'invalid_config', field, expected: words }) as Error;
}
