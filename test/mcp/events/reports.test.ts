/** What others reported of triggers, polls and streams of events in other software, tried here. Each test names the report. */
import { describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { createListeningHost } from '../listen/listening-host.ts';
import { ADA, celsiusOf, createHouse, houseWith, type Polled, told } from './house.ts';

type House = ReturnType<typeof createHouse>;

/** Puts events straight into the log, as a source with its own times and ids does. */
async function append(
  { store, clock }: House,
  celsius: readonly number[],
  more: { time?: number; room?: string } = {},
) {
  const { time = clock.now(), room = 'attic' } = more;
  const entries = celsius.map((value) => ({ id: `e${value}`, key: room, time, data: { room, celsius: value } }));
  const options = { id: `c${celsius[0]}`, now: clock.now(), deadline: clock.now() + 1_000 };
  await store.commit([{ kind: 'append', log: streamLog('acme', 'rooms'), entries }], options);
}

/** Polls until there is no more. */
async function drain(
  { poll }: House,
  cursor: string,
  params: object = {},
): Promise<{ pages: Polled[]; seen: number[] }> {
  const pages: Polled[] = [];
  for (let at = cursor; pages.at(-1)?.hasMore !== false; at = pages.at(-1)?.cursor ?? at) {
    pages.push(await poll({ cursor: at, ...params }));
  }
  return { pages, seen: pages.flatMap(celsiusOf).map(Number) };
}

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

describe('polls', () => {
  test('PipedreamHQ/pipedream#9712: records of nearly the same time are each told once', async () => {
    const house = createHouse();
    const { cursor } = await house.poll();
    await append(house, upTo(50));
    expect((await drain(house, cursor, { maxEvents: 7 })).seen).toEqual(upTo(50));
  });

  test('iron-fish/ironfish-api#980: an event of the past that comes late is told, and shifts nothing', async () => {
    const house = createHouse();
    const { cursor } = await house.poll();
    await append(house, [1, 2, 3]);
    const first = await house.poll({ cursor, maxEvents: 2 });
    await append(house, [4], { time: house.clock.now() - 86_400_000 });
    expect([celsiusOf(first), (await drain(house, first.cursor)).seen]).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test('accensa/accensa-app#62: what is more than a page is not lost behind it', async () => {
    const house = createHouse();
    const { cursor } = await house.poll();
    await append(house, upTo(350));
    const { pages, seen } = await drain(house, cursor);
    expect(seen).toEqual(upTo(350));
    expect(pages.map(({ hasMore }) => hasMore)).toEqual([true, true, true, false]);
  });

  test('stellar/stellar-rpc#340, oasislabs/oasis.js#343: a page without events has a cursor, behind all that was passed over', async () => {
    const house = createHouse();
    const { cursor } = await house.poll();
    await append(house, upTo(2_500));
    const args = { arguments: { keys: ['cellar'] } };
    const { pages, seen } = await drain(house, cursor, args);
    expect([seen, pages.length]).toEqual([[], 3]);
    await append(house, [9_999], { room: 'cellar' });
    const last = await house.poll({ cursor: pages.at(-1)?.cursor, ...args });
    expect([celsiusOf(last), last.hasMore]).toEqual([[9_999], false]);
  });

  test('aptos-labs/aptos-core#5539: events that come between two pages shift no page', async () => {
    const house = createHouse();
    const { cursor } = await house.poll();
    await append(house, [1, 2, 3, 4]);
    const first = await house.poll({ cursor, maxEvents: 2 });
    await append(house, [5, 6]);
    expect([...celsiusOf(first), ...(await drain(house, first.cursor, { maxEvents: 2 })).seen]).toEqual(upTo(6));
  });

  test('kubernetes/kubernetes#133810, kubernetes-client/java#1533: a cursor that is too old is told once, and not for ever', async () => {
    const house = createHouse();
    const { cursor } = await house.poll();
    await append(house, upTo(5));
    await house.store.trim(streamLog('acme', 'rooms'), { now: house.clock.now(), keep: 2, limit: 100 });
    const { pages, seen } = await drain(house, cursor, { maxEvents: 1 });
    expect(seen).toEqual([4, 5]);
    expect(pages.map(({ truncated }) => truncated)).toEqual([true, false]);
  });

  test('open-gsd/gsd-pi#1499: a store that was set back is told once, and its events are not told again and again', async () => {
    const before = createHouse();
    await append(before, upTo(9));
    const { cursor } = await before.poll();
    const after = createHouse({ store: createMemoryStore() });
    await append(after, [101, 102]);
    const { pages, seen } = await drain(after, cursor);
    expect([seen, pages.map(({ truncated }) => truncated)]).toEqual([[101, 102], [true]]);
    expect(await after.poll({ cursor: pages[0]?.cursor })).toMatchObject({ events: [], truncated: false });
  });

  test('ctxrs/ctx#973: one large event does not stand in the way of the others', async () => {
    const house = createHouse();
    const { cursor } = await house.poll();
    await append(house, [1]);
    const large = { room: 'r'.repeat(300_000), celsius: 2 };
    const entries = Array.from({ length: 5 }, (_, at) => ({
      id: `large${at}`,
      key: 'x',
      time: house.clock.now(),
      data: large,
    }));
    await house.store.commit([{ kind: 'append', log: streamLog('acme', 'rooms'), entries }], {
      id: 'large',
      now: house.clock.now(),
      deadline: house.clock.now() + 1_000,
    });
    await append(house, [3]);
    const { seen, pages } = await drain(house, cursor);
    expect(seen).toEqual([1, 2, 2, 2, 2, 2, 3]);
    expect(pages.length).toBeGreaterThan(1);
  });
});

describe('streams', () => {
  test('ohdearquant/lionagi#3387, Necmttn/ax#980: who stops within a batch of one time goes on behind the last that it had', async () => {
    const house = createHouse();
    const { cursor } = await house.poll();
    await append(house, upTo(10));
    const stream = await house.open({ cursor });
    const fourth = stream.messages[4]?.params?.['cursor'];
    stream.leave();
    expect(told(await house.open({ cursor: fourth }))).toEqual([
      'active',
      ...[5, 6, 7, 8, 9, 10].map((one) => `event ${one}`),
    ]);
  });

  test('growthbook/growthbook-golang#51, athrvk/vayu#21: who comes back is told what came meanwhile, and no more', async () => {
    const house = createHouse({ listening: { streamMs: 60_000, most: 10, reads: null } });
    const stream = await house.open();
    await house.tell(1);
    await house.clock.advance(60_000);
    expect(stream.state).toBe('closed');
    const cursor = stream.messages.at(-1)?.params?.['cursor'];
    await house.put(2);
    expect(told(await house.open({ cursor }))).toEqual(['active', 'event 2']);
    expect(told(await house.open())).toEqual(['active']);
  });

  test('omnara-ai/omnara#502: a quiet stream stays open for as long as the host says, with heartbeats', async () => {
    const house = createHouse();
    const stream = await house.open();
    await house.clock.advance(600_000);
    expect([stream.state, stream.messages.length]).toEqual(['open', 41]);
  });

  test('whatwg/html#8297: who comes back too late for what is kept is told so', async () => {
    const house = createHouse();
    const { cursor } = await house.poll();
    await append(house, upTo(5));
    await house.store.trim(streamLog('acme', 'rooms'), { now: house.clock.now(), keep: 1, limit: 100 });
    expect(told(await house.open({ cursor }))).toEqual(['active truncated', 'event 5']);
  });
});

test('Cocoanetics/SwiftMCP#179: what was subscribed stands after a restart, without a word of the client', async () => {
  const hooks = { webhooks: { trusted: ['https://hooks.example.com/'] } };
  const house = createHouse({}, hooks);
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const delivery = { mode: 'webhook', url: 'https://hooks.example.com/', secret };
  const { result } = await house.call('events/subscribe', { name: 'hot', delivery }, ADA);
  const restarted = createListeningHost(houseWith(hooks), { store: house.store }, house.clock);
  const listed = await restarted.call('tools/call', { name: 'list_subscriptions', arguments: {} }, ADA);
  expect(JSON.stringify(listed)).toContain(result?.['id']);
});
