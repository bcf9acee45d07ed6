/** A Keycloak on this machine, with everything in its memory: a realm, a user, scopes that add the audience, and one client. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../../infra/local/server-process.ts';

const READY_WITHIN_MS = 240_000;
const ADMIN = { username: 'admin', password: 'a-password-of-the-run' };
export const USER = { username: 'ada', password: 'the-password-of-ada' };
export const CLIENT_ID = 'a-client-of-the-run';

export interface Keycloak {
  /** The issuer of the realm. */
  issuer: string;
  stop(): Promise<void>;
}

/** @param home the folder of an unpacked distribution */
export async function startKeycloak(home: string, resource: string, redirectUri: string): Promise<Keycloak> {
  const [port = 0] = await freePorts(1);
  const options = ['--http-host', '127.0.0.1', '--http-port', String(port), '--db', 'dev-mem'];
  const env = {
    ...process.env,
    KC_BOOTSTRAP_ADMIN_USERNAME: ADMIN.username,
    KC_BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password,
  };
  // Its script starts a JVM; both end with the group that they are.
  const child = spawn(join(home, 'bin/kc.sh'), ['start-dev', ...options], { env, detached: true });
  let said = '';
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)));
  }
  const ended = once(child, 'exit');
  const stop = async () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
    await ended;
  };
  const base = `http://127.0.0.1:${port}`;
  try {
    await untilItAnswers(`${base}/realms/master`, () => child.exitCode !== null);
    await fill(base, resource, redirectUri);
    return { issuer: `${base}/realms/gate`, stop };
  } catch (error) {
    await stop();
    throw new Error(`Keycloak said:\n${said}`, { cause: error });
  }
}

async function untilItAnswers(url: string, isOver: () => boolean): Promise<void> {
  const until = Date.now() + READY_WITHIN_MS;
  while (Date.now() < until) {
    if (isOver()) throw new Error('Keycloak ended before it answered');
    const status = await fetch(url).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) return;
    await sleep(500);
  }
  throw new Error(`Keycloak did not answer within ${READY_WITHIN_MS} ms`);
}

async function fill(base: string, resource: string, redirectUri: string): Promise<void> {
  const grant = { grant_type: 'password', client_id: 'admin-cli', ...ADMIN };
  const place = `${base}/realms/master/protocol/openid-connect/token`;
  const granted = await fetch(place, { method: 'POST', body: new URLSearchParams(grant) });
  const { access_token: token } = (await granted.json()) as { access_token: string };

  async function post(path: string, body: object): Promise<void> {
    const response = await fetch(`${base}/admin/realms${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path} answers ${response.status}: ${await response.text()}`);
  }

  const credentials = [{ type: 'password', value: USER.password, temporary: false }];
  const person = { email: 'ada@acme.example', emailVerified: true, firstName: 'Ada', lastName: 'Lovelace' };
  const user = { username: USER.username, enabled: true, ...person, credentials };
  await post('', { realm: 'gate', enabled: true });
  // One that is made with its realm has none of the roles that others have, and may not be given a refresh token.
  await post('/gate/users', user);
  const audience = {
    name: 'audience',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.custom.audience': resource, 'access.token.claim': 'true', 'id.token.claim': 'false' },
  };
  const attributes = { 'include.in.token.scope': 'true' };
  const scopes = ['streams:read', 'tasks', 'orders:write', 'streams:publish'];
  for (const name of scopes) {
    await post('/gate/client-scopes', { name, protocol: 'openid-connect', attributes, protocolMappers: [audience] });
  }
  await post('/gate/clients', {
    clientId: CLIENT_ID,
    publicClient: true,
    standardFlowEnabled: true,
    redirectUris: [redirectUri],
    // `basic` has `sub`. Where other scopes are named, Keycloak gives a client none of those that it would have.
    defaultClientScopes: ['basic', 'acr', 'web-origins'],
    // The client of the SDK asks for a refresh token by itself.
    optionalClientScopes: [...scopes, 'offline_access'],
    attributes: { 'pkce.code.challenge.method': 'S256' },
  });
}
