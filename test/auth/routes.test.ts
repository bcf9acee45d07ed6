/** Every route of the HTTP app, for the callers of the matrix. A route that the table lacks fails here. */
import { expect, test } from 'vitest';
import { createApp } from '../../src/http/app.ts';
import { END, eventIdText } from '../../src/mcp/sessions/event-ids.ts';
import { CALLERS, type CallerName, MARKS, type MatrixStage, matrixStage } from './callers.ts';
import { stageOf } from './host.ts';
import { legacy } from './messages.ts';
import { RICH_VARIABLES } from './rich-app.ts';

/** The status for each caller, in the order of `CALLERS`: nobody, wrong tenant, wrong subject, wrong scope, right. */
type Statuses = readonly [number, number, number, number, number];

interface RouteRow {
  expected: Statuses;
  /** Default: a request without a body. */
  init?: (stage: MatrixStage, caller: CallerName) => RequestInit | Promise<RequestInit>;
  /** Default: the path of the route. */
  path?: string;
}

const all = (status: number): Statuses => [status, status, status, status, status];
const json = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
const message: RouteRow = {
  expected: [401, 200, 200, 200, 200],
  init: () => ({ headers: json, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }) }),
};
/** The session of the right caller. Another key of the same caller has it only where it has the same scopes. */
const session: RouteRow = {
  expected: [401, 404, 404, 404, 204],
  init: async (stage) => ({ headers: { 'Mcp-Session-Id': await sessionOf(stage) } }),
};
/** A stream of that session that has ended. */
const streamed: RouteRow = {
  expected: [401, 404, 404, 404, 405],
  init: async (stage) => ({
    headers: {
      Accept: 'text/event-stream',
      'Mcp-Session-Id': await sessionOf(stage),
      'Last-Event-ID': eventIdText({ stream: 's', place: END, by: 0, request: 1 }),
    },
  }),
};
const push: RouteRow = {
  expected: [401, 200, 200, 403, 200],
  path: '/ingest/orders',
  init: () => ({ headers: json, body: JSON.stringify({ sensor: 'pushed', value: 2 }) }),
};
const page: RouteRow = { expected: all(200) };
const preflight: RouteRow = { expected: all(204) };
const refused: RouteRow = { expected: all(405) };
/** Clients that are refused at POST fall back to GET, and show a person the answer to that. */
const otherOfMcp: RouteRow = { expected: [401, 405, 405, 405, 405] };

const ROUTES: Readonly<Record<string, RouteRow>> = {
  'POST /mcp': message,
  'POST /mcp/': message,
  'GET /mcp': streamed,
  'GET /mcp/': streamed,
  'DELETE /mcp': session,
  'DELETE /mcp/': session,
  'OPTIONS /mcp': preflight,
  'OPTIONS /mcp/': preflight,
  'ALL /mcp': otherOfMcp,
  'ALL /mcp/': otherOfMcp,
  'POST /ingest/:stream': push,
  'ALL /ingest/:stream': { expected: all(405), path: '/ingest/orders' },
  // A login needs a key. Its cookie alone, which nobody here has, says who looks at it.
  'POST /login': { expected: [400, 200, 200, 200, 200] },
  'GET /login': { expected: all(401) },
  'ALL /login': refused,
  'POST /logout': preflight,
  'ALL /logout': refused,
  'GET /healthz': page,
  'GET /readyz': page,
  'GET /': page,
  'GET /mcp/server-card': page,
  'OPTIONS /mcp/server-card': preflight,
  'GET /.well-known/mcp.json': page,
  'OPTIONS /.well-known/mcp.json': preflight,
  'GET /.well-known/mcp/server-card.json': page,
  'OPTIONS /.well-known/mcp/server-card.json': preflight,
  'GET /.well-known/ai-catalog.json': page,
  'OPTIONS /.well-known/ai-catalog.json': preflight,
  'GET /.well-known/oauth-protected-resource': page,
  'OPTIONS /.well-known/oauth-protected-resource': preflight,
  'GET /.well-known/oauth-protected-resource/mcp': page,
  'OPTIONS /.well-known/oauth-protected-resource/mcp': preflight,
  'GET /.well-known/oauth-protected-resource/mcp/': page,
  'OPTIONS /.well-known/oauth-protected-resource/mcp/': preflight,
};

async function sessionOf({ host, headers }: MatrixStage): Promise<string> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } };
  const answer = await host.fetch(legacy({ method: 'initialize', params }, headers.right));
  return answer.headers.get('mcp-session-id') ?? '';
}

const serve = () => Promise.reject(new Error('nothing is served here'));

test('the table has every route, and no more', () => {
  const { app, store, runtime } = stageOf();
  const mcp = { serve, needs: serve, open: serve, end: serve, versions: [], capabilities: {} };
  const { routes } = createApp(
    { app, store: store.store, runtime, mcp },
    { publicUrl: null, host: null, protectedResource: { issuers: ['https://issuer.example'] } },
  );
  const served = routes.filter(({ path }) => path !== '/*').map(({ method, path }) => `${method} ${path}`);
  expect([...new Set(served)].toSorted()).toEqual(Object.keys(ROUTES).toSorted());
});

test.each(Object.entries(ROUTES))('%s', async (route, { expected, init, path: own }) => {
  const [method = '', path = ''] = route.split(' ');
  for (const [index, caller] of CALLERS.entries()) {
    const stage = await matrixStage();
    const { headers, ...given } = (await init?.(stage, caller)) ?? {};
    const authorization = stage.headers[caller];
    const request = new Request(`http://127.0.0.1${own ?? path}`, {
      ...given,
      method: method === 'ALL' ? 'PUT' : method,
      headers: { ...(headers as object), ...(authorization === null ? {} : { Authorization: authorization }) },
    });
    const response = await stage.host.fetch(request);
    const text = [await response.text(), ...response.headers].join('\n');
    expect([caller, response.status]).toEqual([caller, expected[index]]);
    const secret = [...Object.values(MARKS), ...Object.values(RICH_VARIABLES), ...Object.values(stage.seeds)];
    expect(secret.filter((each) => text.includes(each))).toEqual([]);
    // Where callers are known, nobody is told the names of streams.
    if (caller === 'nobody') expect(text.replaceAll(own ?? path, '')).not.toMatch(/orders|readings/);
  }
});

test('a session of another is answered as one that was never there', async () => {
  const stage = await matrixStage();
  const known = await sessionOf(stage);
  const forged = known.slice(0, -8) + 'AAAAAAAA';
  const answerTo = async (session: string, caller: CallerName) => {
    const request = legacy({ method: 'tools/list' }, stage.headers[caller]);
    request.headers.set('Mcp-Session-Id', session);
    stage.store.reset();
    const response = await stage.host.fetch(request);
    const { add: _counted, ...calls } = stage.store.calls();
    return { status: response.status, text: await response.text(), headers: [...response.headers].map(String), calls };
  };
  for (const caller of ['wrong tenant', 'wrong subject'] as const) {
    expect(await answerTo(known, caller)).toEqual(await answerTo(forged, caller));
    expect((await answerTo(known, caller)).status).toBe(404);
  }
  expect((await answerTo(known, 'right')).status).toBe(200);
});

test('what is pushed belongs to the tenant of who pushes', async () => {
  const { host, headers, send } = await matrixStage();
  const body = JSON.stringify({ sensor: 'pushed-by-evil', value: 2 });
  const init = { method: 'POST', body, headers: { ...json, Authorization: headers['wrong tenant'] ?? '' } };
  expect((await host.fetch(new Request('http://127.0.0.1/ingest/orders', init))).status).toBe(200);
  const read = { method: 'tools/call', params: { name: 'read_history', arguments: { stream: 'orders' } } };
  expect((await send('right', read)).text).not.toContain('pushed-by-evil');
  expect((await send('wrong tenant', read)).text).toContain('pushed-by-evil');
});
