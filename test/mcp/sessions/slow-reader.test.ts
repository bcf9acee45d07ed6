/** A client of 2025-11-25 that does not read for a while is told of each resource once when it goes on: nothing is held for it. */
import { expect, test } from 'vitest';
import { createHouse } from '../events/house.ts';
import { senderTo } from './sender.ts';

test('changes of a resource are not held for a reader that takes none', async () => {
  const { host, clock, tell } = createHouse();
  const send = senderTo(host, clock);
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } };
  const begun = await send('POST', {}, { method: 'initialize', params });
  const session = { 'Mcp-Session-Id': begun.headers.get('mcp-session-id') ?? '' };
  for (const room of ['attic', 'cellar']) {
    await send('POST', session, { method: 'resources/subscribe', params: { uri: `stream://rooms/${room}` } });
  }
  const stream = await send('GET', session);
  for (let celsius = 1; celsius <= 10; celsius += 1) {
    for (const room of ['attic', 'cellar']) await tell(celsius, room);
    await clock.advance(1_500);
  }
  const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const reading = (async () => {
    for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value;
  })();
  await clock.advance(2_000);
  const told = [...text.matchAll(/"uri":"stream:\/\/rooms\/(\w+)"/g)].map(([, room]) => room);
  // What was under way when it stopped to read, and each once for all that came since.
  expect(told.length).toBeLessThanOrEqual(4);
  expect(new Set(told.slice(-2))).toEqual(new Set(['attic', 'cellar']));
  await reader.cancel();
  await reading;
});
