/** What others reported of servers of sessions: clients that vanish, pings, cancellations. Each is tried here on this server. */
import { expect, test } from 'vitest';
import { openAccount } from '../../../src/store/counting.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { createHouse } from '../events/house.ts';

const HOUR_MS = 3_600_000;

function stage() {
  const account = openAccount(createMemoryStore());
  const { host, clock } = createHouse({ store: account.store });
  const send = async (method: string, own: object, body?: object, signal?: AbortSignal): Promise<Response> => {
    const headers = {
      Accept: 'application/json, text/event-stream',
      'Content-Type': 'application/json',
      Authorization: 'acme ada *',
      ...own,
    };
    const sent = body === undefined ? {} : { body: JSON.stringify({ jsonrpc: '2.0', ...body }) };
    const request = new Request('http://127.0.0.1/mcp', { method, headers, ...sent, ...(signal ? { signal } : {}) });
    return clock.drive(Promise.resolve(host.fetch(request)));
  };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } };
  async function begin(): Promise<object> {
    const begun = await send('POST', {}, { id: 1, method: 'initialize', params });
    return { 'Mcp-Session-Id': begun.headers.get('mcp-session-id') ?? '' };
  }
  const calls = () => Object.values(account.spent().storeCalls).reduce((sum, count) => sum + count, 0);
  return { clock, send, begin, calls };
}

test('modelcontextprotocol/java-sdk#162: sessions whose clients are gone keep nothing, here and in the store', async () => {
  const { begin, calls } = stage();
  for (let clients = 0; clients < 200; clients += 1) await begin();
  // Who may do how much is counted for the process, however many come.
  expect(calls()).toBeLessThan(10);
});

test('bytechefhq/bytechef#5389: nothing is done any more for a session whose client is gone', async () => {
  const { clock, send, begin, calls } = stage();
  const session = await begin();
  await send('POST', session, { id: 2, method: 'resources/subscribe', params: { uri: 'stream://rooms' } });
  const { body } = await send('GET', session);
  // Nobody takes anything, as where the client vanished behind a proxy.
  await clock.advance(60_000);
  await expect(body?.getReader().read()).rejects.toThrow('the reader takes nothing');
  const before = calls();
  await clock.advance(HOUR_MS);
  expect(calls() - before).toBeLessThanOrEqual(1);
});

test('modelcontextprotocol/java-sdk#833: a client without a stream of its own pings, before and after its calls', async () => {
  const { send, begin } = stage();
  const session = await begin();
  for (const id of ['before', 3]) {
    const answer = await send('POST', session, { id, method: 'ping' });
    expect(await answer.json()).toEqual({ jsonrpc: '2.0', id, result: {} });
    const listed = await send('POST', session, { id: 4, method: 'tools/list' });
    expect(listed.status).toBe(200);
    await listed.body?.cancel();
  }
});

test('MarkusPfundstein/mcp-gsuite#21, modelcontextprotocol/java-sdk#130: a call that is given up too late harms nothing', async () => {
  const { send, begin } = stage();
  const session = await begin();
  for (const own of [session, {}]) {
    for (const given of [{ requestId: 99 }, { requestId: 'x', reason: 'timeout' }, {}, undefined]) {
      const { status } = await send('POST', own, { method: 'notifications/cancelled', params: given });
      expect(status).toBe(202);
    }
    const answer = await send('POST', own, { id: 5, method: 'ping' });
    expect(await answer.json()).toMatchObject({ id: 5, result: {} });
  }
});
