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
