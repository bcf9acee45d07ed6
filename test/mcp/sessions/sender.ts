/** Sends requests of 2025-11-25 in the name of ada of acme, while the test's clock goes on. */
import type { createHouse } from '../events/house.ts';

type House = ReturnType<typeof createHouse>;

export function senderTo(host: House['host'], clock: House['clock']) {
  return async (method: string, own: object, body?: object): Promise<Response> => {
    const headers = {
      Accept: 'application/json, text/event-stream',
      'Content-Type': 'application/json',
      Authorization: 'acme ada *',
      ...own,
    };
    const sent = body === undefined ? {} : { body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...body }) };
    return clock.drive(Promise.resolve(host.fetch(new Request('http://127.0.0.1/mcp', { method, headers, ...sent }))));
  };
}
