/** How many cancellations of one caller other instances are told of: each is an entry of a log that all callers of a tenant share. */
import { expect, test } from 'vitest';
import { openAccount } from '../../../src/store/counting.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { createHouse } from '../events/house.ts';

const EACH = 1_000;
const HOUR_MS = 3_600_000;

test('of one caller a thousand in an hour; what is over is accepted and told to nobody, and others are told', async () => {
  const account = openAccount(createMemoryStore());
  const { host, clock } = createHouse({ store: account.store });
  const send = (who: string, own: object, body: object): Promise<Response> => {
    const headers = {
      Accept: 'application/json, text/event-stream',
      'Content-Type': 'application/json',
      Authorization: who,
      ...own,
    };
    const sent = { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', ...body }) };
    return Promise.resolve(host.fetch(new Request('http://127.0.0.1/mcp', sent)));
  };

  async function begin(who: string) {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } };
    const begun = await send(who, {}, { id: 1, method: 'initialize', params });
    const session = { 'Mcp-Session-Id': begun.headers.get('mcp-session-id') ?? '' };
    /** @returns how many of them are told */
    return async (count: number): Promise<number> => {
      const before = account.spent().storeCalls.commit ?? 0;
      for (let requestId = 1; requestId <= count; requestId += 1) {
        const { status } = await send(who, session, { method: 'notifications/cancelled', params: { requestId } });
        expect(status).toBe(202);
      }
      return (account.spent().storeCalls.commit ?? 0) - before;
    };
  }

  const ada = await begin('acme ada *');
  const rita = await begin('acme rita *');
  expect(await ada(3)).toBe(3);
  expect(await ada(EACH + 5)).toBeLessThanOrEqual(EACH + 2);
  expect(await ada(5)).toBe(0);
  expect(await rita(2)).toBe(2);
  await clock.advance(2 * HOUR_MS);
  expect(await ada(2)).toBe(2);
});
