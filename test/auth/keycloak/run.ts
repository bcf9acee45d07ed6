/**
 * `npm run keycloak -- <folder>`: the code flow with PKCE by the SDK's client against a real Keycloak, whose unpacked distribution
 * stands in that folder or in `KEYCLOAK_HOME`. It needs the Java that this Keycloak needs. It is no part of the tests.
 */
import assert from 'node:assert/strict';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { freePorts } from '../../../infra/local/server-process.ts';
import { createClientProvider, REDIRECT_URI } from '../oauth/client-provider.ts';
import { startGate } from '../oauth/gate.ts';
import { CLIENT_ID, startKeycloak, USER } from './keycloak.ts';

const home = process.argv[2] ?? process.env['KEYCLOAK_HOME'];
if (home === undefined) throw new Error('expected the folder of an unpacked Keycloak, or KEYCLOAK_HOME');

const [port = 0] = await freePorts(1);
const resource = `http://127.0.0.1:${port}/mcp`;
const keycloak = await startKeycloak(home, resource, REDIRECT_URI);
const gate = await startGate({ PORT: String(port), OAUTH_ISSUER: keycloak.issuer });
try {
  const provider = createClientProvider(undefined, USER);
  provider.client = { client_id: CLIENT_ID };
  const open = () => new StreamableHTTPClientTransport(new URL(resource), { authProvider: provider });
  const client = new Client({ name: 'keycloak', version: '1' });
  const first = open();
  await assert.rejects(client.connect(first));
  await first.finishAuth(provider.callback);
  const transport = open();
  await client.connect(transport);
  const call = async (name: string) => {
    const { content } = await client.callTool({ name });
    return JSON.parse((content[0] as { text: string }).text) as Record<string, unknown>;
  };
  const ada = await call('whoami');
  assert.deepEqual(ada['scopes'], ['offline_access', 'streams:read', 'tasks']);
  assert.equal(ada['client'], CLIENT_ID);
  assert.match(String(ada['subject']), /#/);
  console.log('logged in', ada);
  await assert.rejects(call('order'));
  await transport.finishAuth(provider.callback);
  assert.equal((await call('order'))['subject'], ada['subject']);
  console.log('stepped up', provider.asked);
  const { kept } = provider;
  assert.equal((await gate.call(kept?.refresh_token ?? '')).status, 401);
  console.log('a refresh token opens nothing');
  await client.close();
} finally {
  await gate.stop();
  await keycloak.stop();
}
