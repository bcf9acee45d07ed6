/** Who may call what is deployed on AWS, and what is said where everyone may. */
import { expect, test } from 'vitest';
import { checkCallers } from '../../../src/hosts/aws/callers.ts';
import type { TidegateProps } from '../../../src/aws.ts';
import { environmentOf, refusalOf, synthesize } from './template.ts';

const OPEN = /^Everyone may call both URLs/;
const outputs = (settings: Partial<TidegateProps>) =>
  synthesize(settings).toJSON()['Outputs'] as Record<string, { Value: unknown } | undefined>;
const ISSUER = { OAUTH_ISSUER: 'https://issuer.example', PUBLIC_URL: 'https://gate.example' };

test.each([
  [{ auth: 'none' }, true],
  [{ auth: 'keys' }, false],
  [{ auth: 'oauth', environment: ISSUER }, false],
  [{ auth: 'keys,oauth', environment: ISSUER }, false],
  [{ access: 'iam', auth: undefined }, false],
  [{ auth: undefined, environment: { AUTH: 'keys' } }, false],
  [{ auth: 'own', hostFile: 'host.ts' }, false],
] as const)('with %o as the settings', (settings, isOpen) => {
  const { Open, AddToClient } = outputs(settings);
  if (isOpen) expect(Open?.Value).toMatch(OPEN);
  else expect(Open).toBeUndefined();
  const takesKeys = JSON.stringify(settings).includes('keys');
  expect(JSON.stringify(AddToClient ?? '').includes('Authorization: Bearer tg_')).toBe(takesKeys);
});

test('who may call has to be said, and no more than once', () => {
  const said = refusalOf({ auth: undefined });
  expect(said).toMatchObject({ code: 'invalid_config', field: 'auth', expected: expect.stringContaining("'none'") });
  expect(refusalOf({ auth: 'oauth', environment: { AUTH: 'keys' } })).toMatchObject({ field: 'environment.AUTH' });
  expect(refusalOf({ auth: 'own' })).toMatchObject({ field: 'hostFile' });
  expect(refusalOf({ auth: 'everyone' as 'none' })).toMatchObject({ field: 'auth' });
});

test('the setting is a variable of every function', () => {
  const template = synthesize({ environment: { LOG_LEVEL: 'warn' }, auth: 'keys' });
  for (const handler of ['lambda-http.stream', 'lambda-http.buffered', 'lambda-scheduled.scheduled']) {
    expect(environmentOf(template, handler, () => '')).toMatchObject({ AUTH: 'keys', LOG_LEVEL: 'warn' });
  }
});

const field = (name: string) => expect.objectContaining({ code: 'invalid_config', field: name }) as Error;

test('what the functions would refuse is refused before', () => {
  expect(checkCallers({ AUTH: 'keys' }, [])).toMatchObject({ modes: ['keys'] });
  expect(checkCallers({}, ['TIDEGATE_KEY'])).toMatchObject({ modes: ['keys'] });
  const issuer = { AUTH: 'oauth', OAUTH_ISSUER: 'https://issuer.example' };
  expect(() => checkCallers({ AUTH: 'kyes' }, [])).toThrow(field('AUTH'));
  expect(() => checkCallers({ AUTH: 'none' }, ['TIDEGATE_KEY'])).toThrow(field('AUTH'));
  expect(() => checkCallers({ AUTH: 'oauth' }, [])).toThrow(field('OAUTH_ISSUER'));
  expect(() => checkCallers(issuer, [])).toThrow(field('PUBLIC_URL'));
  const audience = { ...issuer, OAUTH_AUDIENCE: 'api://tidegate' };
  expect(() => checkCallers(audience, [])).toThrow(field('PUBLIC_URL'));
  const looked = { ...audience, PUBLIC_URL: 'https://gate.example', OAUTH_CLIENT_ID: 'tidegate' };
  expect(() => checkCallers(looked, [])).toThrow(field('OAUTH_CLIENT_SECRET'));
  expect(checkCallers(looked, ['OAUTH_CLIENT_SECRET'])).toMatchObject({ modes: ['oauth'] });
});
