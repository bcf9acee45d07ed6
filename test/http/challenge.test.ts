/** The challenge of a refusal, as a header: what comes of a request stays within its quotes. */
import { expect, test } from 'vitest';
import { createChallenges } from '../../src/http/challenge.ts';
import { baseOf } from '../../src/http/origin.ts';

test('a Host with quotes and backslashes adds nothing to the challenge', () => {
  const challenges = createChallenges({ metadataUrl: (request) => `${baseOf(request)}/metadata` });
  const request = new Request('http://gate.example/mcp', { headers: { host: 'a",error="x' } });
  expect(challenges.unauthorized(request, false).headers.get('www-authenticate')).toBe(
    String.raw`Bearer resource_metadata="http://a\",error=\"x/metadata"`,
  );
});

test('what a caller may hear of the reason is told where a person and a client read it', async () => {
  const challenges = createChallenges();
  const request = new Request('http://gate.example/mcp');
  const refused = challenges.unauthorized(request, true, 'it is expired');
  expect(refused.headers.get('www-authenticate')).toBe(
    'Bearer error="invalid_token", error_description="it is expired"',
  );
  expect(await refused.json()).toMatchObject({ title: 'The key or token is not valid: it is expired' });
  // A claim that the operator names may have letters that no header takes.
  const named = challenges.unauthorized(request, true, 'it has no tenant (mandant für "alle")');
  expect(named.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
});

test.each([
  ['keys alone', {}, 'tidegate keys create'],
  ['an issuer', { metadataUrl: () => 'http://h/m', firstScopes: ['streams:read'] }, 'resource_metadata'],
])('by %s a refusal says what was expected of the header, and where that comes from', async (_, options, hint) => {
  const challenges = createChallenges(options);
  const request = new Request('http://gate.example/mcp');
  for (const refused of [
    challenges.unauthorized(request, false),
    challenges.unauthorized(request, true),
    challenges.malformed(request),
  ]) {
    expect(await refused.json()).toMatchObject({
      field: 'Authorization',
      expected: 'Bearer, a space, and one key or token',
      hint: expect.stringContaining(hint) as string,
    });
  }
  expect(await challenges.insufficientScope(request, ['tasks']).json()).toMatchObject({ expected: 'tasks' });
});
