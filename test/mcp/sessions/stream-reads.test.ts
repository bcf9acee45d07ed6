/** Streams of sessions where the platform counts the store calls of a request: each makes so many, and its client comes back. */
import { expect, test } from 'vitest';
import { createAppStreams } from '../../../src/calls/streams.ts';
import { openAccount } from '../../../src/store/counting.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';

import { createHouse } from '../events/house.ts';
import { senderTo } from './sender.ts';

const READS = 40;
const ADA = { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] };

async function stage() {
  const plain = createMemoryStore();
  const account = openAccount(plain);
  const { store } = account;
  const calls = () => Object.values(account.spent().storeCalls).reduce((sum, count) => sum + count, 0);
  const { host, clock, app, runtime } = createHouse({
    store,
    listening: { streamMs: 300_000, most: 10, reads: READS },
  });
  const send = senderTo(host, clock);
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } };

  /** A session that is subscribed to the attic. */
  async function begin() {
    const begun = await send('POST', {}, { method: 'initialize', params });
    const session = { 'Mcp-Session-Id': begun.headers.get('mcp-session-id') ?? '' };
    await send('POST', session, { method: 'resources/subscribe', params: { uri: 'stream://rooms/attic' } });
    return session;
  }

  async function open(session: object, last?: string) {
    const response = await send('GET', { ...session, ...(last === undefined ? {} : { 'Last-Event-ID': last }) });
    const at = { text: '', isOpen: true };
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    void (async () => {
      for (let next = await reader.read(); !next.done; next = await reader.read()) at.text += next.value;
      at.isOpen = false;
    })();
    await clock.advance(0);
    return Object.assign(at, {
      told: () => at.text.split('"uri":"stream://rooms/attic"').length - 1,
      lastId: () => [...at.text.matchAll(/^id: (.+)$/gm)].at(-1)?.[1],
      leave: () => reader.cancel(),
    });
  }

  /** By another process: this one hears of it when it looks. */
  const put = (celsius: number) =>
    createAppStreams({ app, runtime, store: plain }, ADA, clock.now() + 10_000).append('rooms', {
      room: 'attic',
      celsius,
    });

  return { clock, calls, begin, open, put };
}

test('a stream is cut after so many store calls, and its client is told of the last change when it comes back', async () => {
  const { clock, calls, begin, open, put } = await stage();
  const session = await begin();
  const before = calls();
  const first = await open(session);
  let celsius = 0;
  for (let second = 0; first.isOpen && second < 200; second += 1) {
    await put((celsius += 1));
    await clock.advance(1_000);
  }
  expect(first.isOpen).toBe(false);
  expect(first.told()).toBeGreaterThan(5);
  expect(first.text).toMatch(/retry: \d+\ndata: \n\n$/);
  // What it takes to open it, and to ask each minute who its caller is, comes on top.
  expect(calls() - before).toBeGreaterThan(READS - 5);
  expect(calls() - before).toBeLessThanOrEqual(READS + 9);
  await put((celsius += 1));
  await clock.advance(2_000);
  const second = await open(session, first.lastId());
  await clock.advance(3_000);
  expect(second.told()).toBeGreaterThan(0);
  await second.leave();
});

test('an idle stream is cut too, and another one of the process goes on', async () => {
  const { clock, begin, open, put } = await stage();
  const [one, other] = [await open(await begin()), await open(await begin())];
  for (let second = 0; one.isOpen && other.isOpen && second < 400; second += 1) await clock.advance(1_000);
  const [cut, left] = one.isOpen ? [other, one] : [one, other];
  expect([cut.isOpen, left.isOpen]).toEqual([false, true]);
  const told = left.told();
  await put(1);
  await clock.advance(12_000);
  expect(left.told()).toBe(told + 1);
  await left.leave();
});
