/** Whose a push is: what the event names, or whom the key is of. */
import { expect, test } from 'vitest';
import type { Principal } from '../../../src/base/principal.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createHost } from '../../../src/hosts/host.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { readAll } from '../../feeds/run/stage.ts';
import app from './app.ts';

const TOKENS = { DISPATCHER_TOKEN: 'token-of-the-dispatcher', POSITIONS_TOKEN: 'token-of-the-positions' };
const scopes = ['streams:publish:positions', 'streams:publish:trips'];
const CALLERS: Record<string, Principal> = {
  'key-of-acme': { tenant: 'acme', subject: 'tracker', client: null, scopes },
  'key-of-globex': { tenant: 'globex', subject: 'tracker', client: null, scopes },
};

function authenticate(request: Request): Promise<Principal | Response> {
  const key = /^Bearer (.*)$/.exec(request.headers.get('Authorization') ?? '')?.[1] ?? '';
  return Promise.resolve(CALLERS[key] ?? new Response(null, { status: 401 }));
}

function stage() {
  const variables: Record<string, string> = TOKENS;
  const runtime = { ...systemRuntime(() => {}), variable: (name: string) => variables[name] ?? null };
  const store = createMemoryStore();
  const host = createHost({ app, store, runtime, authenticate, pushNeeds: 'either' });
  return {
    push: (stream: string, bearer: string, body: object) =>
      host.fetch(
        new Request(`http://fleets.example/ingest/${stream}`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${bearer}` },
          body: JSON.stringify(body),
        }),
      ),
    vehicles: async (tenant: string, stream: string) => {
      const events = await readAll(store, streamLog(tenant, stream));
      return events.map(({ data }) => (data as { vehicle: string }).vehicle);
    },
  };
}

test('one sender pushes for all: each event is of whom it names', async () => {
  const { push, vehicles } = stage();
  const trips = [
    { customer: 'acme', vehicle: 'a1', km: 12 },
    { customer: 'globex', vehicle: 'g1', km: 7 },
  ];
  for (const trip of trips) {
    expect(await (await push('trips', TOKENS.DISPATCHER_TOKEN, trip)).json()).toEqual({ appended: 1, duplicates: 0 });
  }
  expect([await vehicles('acme', 'trips'), await vehicles('globex', 'trips')]).toEqual([['a1'], ['g1']]);
  const several = await push('trips', TOKENS.DISPATCHER_TOKEN, trips);
  expect([several.status, await several.json()]).toMatchObject([
    400,
    { field: 'tenant', title: expect.stringMatching(/^events of trips name several tenants/) },
  ]);
  // A tenant's own key writes for that tenant alone, whatever the event names.
  expect((await push('trips', 'key-of-acme', trips[1] ?? {})).status).toBe(400);
  expect((await push('trips', TOKENS.DISPATCHER_TOKEN, { ...trips[0], customer: '' })).status).toBe(400);
  expect(await vehicles('globex', 'trips')).toEqual(['g1']);
});

test('a key pushes for its tenant, and the token of the stream for public', async () => {
  const { push, vehicles } = stage();
  const at = { lat: 1, lon: 2 };
  expect((await push('positions', 'key-of-acme', { vehicle: 'a1', ...at })).status).toBe(200);
  expect((await push('positions', 'key-of-globex', { vehicle: 'g1', ...at })).status).toBe(200);
  expect((await push('positions', TOKENS.POSITIONS_TOKEN, { vehicle: 'p1', ...at })).status).toBe(200);
  const found = await Promise.all(['acme', 'globex', 'public'].map((tenant) => vehicles(tenant, 'positions')));
  expect(found).toEqual([['a1'], ['g1'], ['p1']]);
});
