/** Who may call what is deployed on AWS, and what is said where everyone may. */
import { App, Stack } from 'aws-cdk-lib';
import { expect, test } from 'vitest';
import { checkCallers, tellCallers, withAuth } from '../../infra/aws/callers.ts';
import { environmentOf, synthesize } from './template.ts';

const OPEN = /^Everyone may call both URLs/;
const outputs = (settings: Parameters<typeof synthesize>[0]) =>
  synthesize(settings).toJSON()['Outputs'] as Record<string, { Value: unknown } | undefined>;

test.each([
  ['nothing', { modes: [], saidNone: false }, 'open', /-c auth=keys or -c auth=oauth/],
  ['none', { modes: [], saidNone: true }, 'open', /as AUTH=none says$/],
  ['keys', { modes: ['keys'], saidNone: false }, 'open', null],
  ['oauth', { modes: ['oauth'], saidNone: false }, 'open', null],
  ['nothing, behind IAM', { modes: [], saidNone: false }, 'iam', null],
] as const)('with %s as the setting', (_, auth, access, told) => {
  const { Open, AddToClient } = outputs({ auth, access });
  if (told === null) expect(Open).toBeUndefined();
  else {
    expect(Open?.Value).toMatch(OPEN);
    expect(Open?.Value).toMatch(told);
  }
  const isHeaded = JSON.stringify(AddToClient ?? '').includes('Authorization: Bearer tg_');
  expect(isHeaded).toBe(auth.modes.some((mode) => mode === 'keys'));
});

test('the synthesis warns of what is open and was not said', () => {
  for (const saidNone of [false, true]) {
    const stack = new Stack(new App({ analyticsReporting: false }), 'open');
    tellCallers(stack, 'tidegate', 'https://x.example/mcp', 'open', { modes: [], saidNone });
    const warned = stack.node.metadata.filter(
      ({ type, data }) => type === 'aws:cdk:warning' && OPEN.test(String(data)),
    );
    expect(warned).toHaveLength(saidNone ? 0 : 1);
  }
});

test('the setting is a variable of every function', () => {
  const template = synthesize({ environment: withAuth({ LOG_LEVEL: 'warn' }, 'keys') });
  for (const handler of ['lambda-http.stream', 'lambda-http.buffered', 'lambda-scheduled.scheduled']) {
    expect(environmentOf(template, handler, () => '')).toMatchObject({ AUTH: 'keys', LOG_LEVEL: 'warn' });
  }
  expect(withAuth({}, null)).toEqual({});
  expect(() => withAuth({ AUTH: 'keys' }, 'oauth')).toThrow('AUTH is set by -c auth');
});

test('what the functions would refuse is refused before', async () => {
  expect(await checkCallers({ AUTH: 'keys' }, [])).toMatchObject({ modes: ['keys'] });
  expect(await checkCallers({}, ['TIDEGATE_KEY'])).toMatchObject({ modes: ['keys'] });
  const issuer = { AUTH: 'oauth', OAUTH_ISSUER: 'https://issuer.example' };
  await expect(checkCallers({ AUTH: 'kyes' }, [])).rejects.toMatchObject({ field: 'AUTH' });
  await expect(checkCallers({ AUTH: 'none' }, ['TIDEGATE_KEY'])).rejects.toMatchObject({ field: 'AUTH' });
  await expect(checkCallers({ AUTH: 'oauth' }, [])).rejects.toMatchObject({ field: 'OAUTH_ISSUER' });
  await expect(checkCallers(issuer, [])).rejects.toMatchObject({ field: 'PUBLIC_URL' });
  const audience = { ...issuer, OAUTH_AUDIENCE: 'api://tidegate' };
  await expect(checkCallers(audience, [])).rejects.toMatchObject({ field: 'PUBLIC_URL' });
  const looked = { ...audience, PUBLIC_URL: 'https://gate.example', OAUTH_CLIENT_ID: 'tidegate' };
  await expect(checkCallers(looked, [])).rejects.toMatchObject({ field: 'OAUTH_CLIENT_SECRET' });
  expect(await checkCallers(looked, ['OAUTH_CLIENT_SECRET'])).toMatchObject({ modes: ['oauth'] });
});
