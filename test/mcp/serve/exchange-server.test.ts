/** The error that the SDK makes when an exchange ends: with its stack where a request hears of it, without where none does. */
import { InMemoryTransport } from '@modelcontextprotocol/server';
import { expect, test } from 'vitest';
import { ExchangeServer } from '../../../src/mcp/serve/exchange-server.ts';

async function closed(atWork: number): Promise<Error> {
  const server = new ExchangeServer({ name: 'a', version: '1' }, { capabilities: {} });
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await theirs.start();
  await server.connect(ours);
  server.atWork = atWork;
  const asked = server.ping();
  const failed = asked.then(
    () => Promise.reject(new Error('it was answered')),
    (error: Error) => error,
  );
  await server.close();
  return failed;
}

test('has its stack where a request is at work', async () => {
  expect((await closed(1)).stack).toContain('exchange-server');
});

test('has none where all have their answers, and later errors have theirs', async () => {
  expect((await closed(0)).stack).not.toContain('exchange-server');
  expect(new Error('later').stack).toContain('exchange-server.test');
});
