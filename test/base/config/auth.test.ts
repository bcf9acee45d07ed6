/** How `AUTH` and what goes with it is read: a mistake is named, and nothing that is set is passed over in silence. */
import { expect, test } from 'vitest';
import { readEnvironment } from '../../../src/base/config/config.ts';
import { memory } from '../../../src/store/drivers/memory-driver.ts';
import { readConfig } from '../../../src/store/drivers/open.ts';

const KEY = 'a-key-of-the-environment-0123456789';
const ISSUER = 'https://issuer.example/realms/a';
const authOf = (environment: Record<string, string>) => readConfig(environment, 'memory').auth;

test.each([
  [{}, [], false],
  [{ AUTH: 'none' }, [], true],
  [{ AUTH: 'keys' }, ['keys'], false],
  [{ TIDEGATE_KEY: KEY }, ['keys'], false],
  [{ OAUTH_ISSUER: ISSUER }, ['oauth'], false],
  [{ TIDEGATE_KEY: KEY, OAUTH_ISSUER: ISSUER }, ['keys', 'oauth'], false],
  [{ AUTH: 'keys, oauth', OAUTH_ISSUER: ISSUER }, ['keys', 'oauth'], false],
] as [Record<string, string>, string[], boolean][])('%j', (environment, modes, saidNone) => {
  expect(authOf(environment)).toMatchObject({ modes, saidNone });
});

test.each([
  [{ AUTH: '' }, 'AUTH'],
  [{ AUTH: ' ' }, 'AUTH'],
  [{ AUTH: ' , ' }, 'AUTH'],
  [{ AUTH: '', TIDEGATE_KEY: KEY }, 'AUTH'],
  [{ TIDEGATE_KEY: '' }, 'TIDEGATE_KEY'],
  [{ OAUTH_ISSUER: '' }, 'OAUTH_ISSUER'],
  [{ OAUTH_ISSUER: ',' }, 'OAUTH_ISSUER'],
  [{ OAUTH_ISSUER: ISSUER, OAUTH_TENANT_CLAIM: '' }, 'OAUTH_TENANT_CLAIM'],
  [{ OAUTH_ISSUER: ISSUER, OAUTH_TENANT_CLAIM: ' ' }, 'OAUTH_TENANT_CLAIM'],
  [{ OAUTH_ISSUER: ISSUER, OAUTH_SUBJECT_CLAIM: '' }, 'OAUTH_SUBJECT_CLAIM'],
  [{ AUTH: 'key' }, 'AUTH'],
  [{ AUTH: 'KEYS' }, 'AUTH'],
  [{ AUTH: 'none,keys' }, 'AUTH'],
  [{ AUTH: 'none', TIDEGATE_KEY: KEY }, 'AUTH'],
  [{ AUTH: 'oauth', OAUTH_ISSUER: ISSUER, TIDEGATE_KEY: KEY }, 'AUTH'],
  [{ AUTH: 'keys', OAUTH_ISSUER: ISSUER }, 'AUTH'],
  [{ AUTH: 'keys', TIDEGATE_KEY: KEY, OAUTH_ISSUER: ISSUER }, 'AUTH'],
  [{ AUTH: 'none', OAUTH_ISSUER: ISSUER }, 'AUTH'],
  [{ AUTH: 'oauth' }, 'OAUTH_ISSUER'],
  [{ TIDEGATE_KEY: 'short' }, 'TIDEGATE_KEY'],
  [{ TIDEGATE_KEY: `${KEY} ` }, 'TIDEGATE_KEY'],
  [{ OAUTH_ISSUER: 'http://issuer.example' }, 'OAUTH_ISSUER'],
  [{ OAUTH_ISSUER: `${ISSUER}?a=b` }, 'OAUTH_ISSUER'],
  [{ OAUTH_ISSUER: ISSUER, OAUTH_CLIENT_ID: 'a' }, 'OAUTH_CLIENT_SECRET'],
  [{ OAUTH_ISSUER: ISSUER, OAUTH_CLIENT_SECRET: 'a' }, 'OAUTH_CLIENT_ID'],
  [{ OAUTH_INTROSPECTION_URL: 'http://issuer.example/look' }, 'OAUTH_INTROSPECTION_URL'],
  [{ OAUTH_SUBJECT_CLAIM: 'sub\u0000' }, 'OAUTH_SUBJECT_CLAIM'],
] as [Record<string, string>, string][])('%j is refused, and %s is named without its value', (environment, field) => {
  const read = () => authOf(environment);
  expect(read).toThrow(expect.objectContaining({ code: 'invalid_config', field }));
  expect(read).not.toThrow(KEY);
});

test.each([
  [{ AUTH: ['keys'] }, 'AUTH'],
  [{ AUTH: { mode: 'keys' } }, 'AUTH'],
  [{ AUTH: null }, 'AUTH'],
  [{ TIDEGATE_KEY: { get: () => Promise.resolve(KEY) } }, 'TIDEGATE_KEY'],
  [{ FEED_REQUESTS_PER_DAY: 1_000 }, 'FEED_REQUESTS_PER_DAY'],
  [{ STORE: ['memory'] }, 'STORE'],
] as [Record<string, unknown>, string][])('%j, which is bound as no text, is refused', (environment, field) => {
  const read = () => readEnvironment(environment, { drivers: [memory], standard: 'memory' });
  expect(read).toThrow(expect.objectContaining({ code: 'invalid_config', field }));
});

test('what a platform binds for others is none of its business', () => {
  const environment = { TASKS: { send: () => {} }, ASSETS: {}, PORT: undefined };
  expect(readEnvironment(environment, { drivers: [memory], standard: 'memory' }).auth.modes).toEqual([]);
});
