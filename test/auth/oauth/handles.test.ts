/** Holding a handle, of a task or a session, proves nothing: every request says by its token who calls. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keyOf } from './checked.ts';
import { type Gate, startGate } from './gate.ts';
import { type ScriptedIssuer, type SigningKey, signToken, startIssuer } from './scripted-issuer.ts';

let issuer: ScriptedIssuer;
let key: SigningKey;
let gate: Gate;

beforeAll(async () => {
  issuer = await startIssuer();
  key = await keyOf('RS256');
  issuer.publish([key]);
  gate = await startGate({
    OAUTH_ISSUER: issuer.url,
    TIDEGATE_SECRET: 'a secret of the tests, of 32 characters or more',
  });
});
afterAll(async () => {
  await gate.stop();
  await issuer.close();
});

const tokenOf = (sub: string, claims = {}) =>
  signToken(
    key,
    { iss: issuer.url, sub, aud: `${gate.url}/mcp`, client_id: 'app', scope: 'streams:read tasks', ...claims },
    Date.now(),
  );

interface Answer {
  result?: { taskId?: string; status?: string };
  error?: unknown;
}

async function begin(token: string): Promise<string> {
  const begun = await gate.send(token, { method: 'tools/call', name: 'asks', params: { name: 'asks', arguments: {} } });
  return ((await begun.json()) as Answer).result?.taskId ?? '';
}

async function lookUp(token: string | null, taskId: string): Promise<{ status: number; body: string }> {
  const response = await gate.send(token, { method: 'tasks/get', name: taskId, params: { taskId } });
  return { status: response.status, body: (await response.text()).replaceAll(taskId, 'ID') };
}

test('2026-07-28 security-best-practices "State Handle Hijacking": a handle without a token opens nothing, and with the token of another it is one that does not exist', async () => {
  const ada = await tokenOf('ada');
  const eve = await tokenOf('eve');
  const taskId = await begin(ada);
  expect((await lookUp(ada, taskId)).body).toContain('"taskId"');
  expect((await lookUp(null, taskId)).status).toBe(401);
  expect(await lookUp(eve, taskId)).toEqual(await lookUp(eve, 'x'.repeat(taskId.length)));
  // A client of the same name is somebody else.
  expect(await lookUp(await tokenOf('ada', { client_id: 'ada' }), taskId)).toEqual(await lookUp(eve, taskId));
});

test('2026-07-28 security-best-practices "State Handle Hijacking": handles are random, of 128 bits at least', async () => {
  const ada = await tokenOf('ada');
  const ids = await Promise.all(Array.from({ length: 20 }, () => begin(ada)));
  expect(new Set(ids).size).toBe(20);
  for (const id of ids) expect(id).toMatch(/^[\w-]{22,}(?:\.[\da-f]{8})?$/);
  expect(new Set(ids.map((id) => id.slice(0, 4))).size).toBeGreaterThan(15);
});

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
};

function legacy(token: string | null, body: object, session?: string): Promise<Response> {
  return fetch(`${gate.url}/mcp`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      ...(session === undefined ? {} : { 'Mcp-Session-Id': session, 'MCP-Protocol-Version': '2025-11-25' }),
    },
    body: JSON.stringify(body),
  });
}

test('2025-11-25 security-best-practices "Session Hijacking": a session does not authenticate, and is bound to its user', async () => {
  const ada = await tokenOf('ada');
  const opened = await legacy(ada, INITIALIZE);
  const session = opened.headers.get('mcp-session-id') ?? '';
  expect(session).not.toBe('');
  const list = { jsonrpc: '2.0', id: 2, method: 'tools/list' };
  expect((await legacy(ada, list, session)).status).toBe(200);
  expect((await legacy(null, list, session)).status).toBe(401);
  expect((await legacy(await tokenOf('ada', { aud: 'x' }), list, session)).status).toBe(401);
  const eve = await legacy(await tokenOf('eve'), list, session);
  const forged = await legacy(await tokenOf('eve'), list, `${session.slice(0, -8)}AAAAAAAA`);
  expect([eve.status, await eve.text()]).toEqual([forged.status, await forged.text()]);
  expect(eve.status).toBe(404);
});

test('2025-11-25 security-best-practices "Session Hijacking": ids of sessions cannot be foreseen', async () => {
  const ada = await tokenOf('ada');
  const opened = await Promise.all(Array.from({ length: 10 }, () => legacy(ada, INITIALIZE)));
  const ids = opened.map(({ headers }) => headers.get('mcp-session-id') ?? '');
  expect(new Set(ids).size).toBe(10);
  for (const id of ids) expect(id.length).toBeGreaterThan(40);
});
