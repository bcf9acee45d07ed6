/** Keys and tokens beside each other, in whichever order `AUTH` names them: no issuer ever sees a key. */
import { expect, onTestFinished, test } from 'vitest';
import { keyOf } from './checked.ts';
import { startGate } from './gate.ts';
import { signToken, startIssuer } from './scripted-issuer.ts';

const KEY = 'a-key-of-the-environment-0123456789';

test.each(['keys,oauth', 'oauth,keys'])('AUTH=%s takes both', async (AUTH) => {
  const issuer = await startIssuer();
  onTestFinished(() => issuer.close());
  const key = await keyOf('RS256');
  issuer.publish([key]);
  issuer.answers.set('/introspect', { active: false });
  const gate = await startGate({
    AUTH,
    TIDEGATE_KEY: KEY,
    OAUTH_ISSUER: issuer.url,
    OAUTH_CLIENT_ID: 'gate',
    OAUTH_CLIENT_SECRET: 'a secret of the tests',
  });
  onTestFinished(() => gate.stop());
  expect((await gate.call(KEY)).status).toBe(200);
  expect((await gate.call(`tg_${'0'.repeat(16)}_${'z'.repeat(43)}3nE5NE`)).status).toBe(401);
  expect(issuer.introspected).toEqual([]);
  const claims = { iss: issuer.url, sub: 'key', aud: `${gate.url}/mcp`, scope: 'tasks' };
  const asToken = await gate.call(await signToken(key, claims, Date.now()));
  // A user of the name of a key is somebody else.
  expect([asToken.status, await asToken.text()]).toEqual([200, expect.stringContaining('key#http')]);
  expect((await gate.call('opaque-token')).status).toBe(401);
  expect(issuer.introspected).toHaveLength(1);
});
