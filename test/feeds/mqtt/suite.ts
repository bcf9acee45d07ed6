/** The MQTT feed on a real broker, as a run drives it, without a store: on every platform that has sockets. */
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { generate, type Packet } from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import type { BurstContext, FeedItem, FeedTarget } from '../../../src/declare/feed.ts';
import type { Json } from '../../../src/base/json.ts';
import { type Connect, randomId } from '../../../src/base/runtime.ts';
import { mqtt, type MqttOptions } from '../../../src/feeds/mqtt/feed.ts';
import { burstContext as contextOf, type Message, publish, runBurst, target } from './bursts.ts';

const equal = (count: number, message: Message): Message[] => Array.from({ length: count }, () => message);
const numbered = (count: number, topic: string): Message[] =>
  Array.from({ length: count }, (_, n) => ({ topic, payload: JSON.stringify({ n }) }));
const numbers = (items: readonly FeedItem[]) => items.map(({ data }) => (data as { n: number }).n);
const shown = (items: readonly FeedItem[]) => items.map(({ data }) => data);
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

/** Connects and sends nothing else; with the same clientId and `clean` it removes a session. */
async function intrude(port: number, clientId: string, clean: boolean): Promise<void> {
  const socket = connectTcp(port, '127.0.0.1');
  await once(socket, 'connect');
  const packet: Packet = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clientId, clean, keepalive: 0 };
  socket.write(generate(packet));
  await once(socket, 'data');
  socket.end(generate({ cmd: 'disconnect' }));
  await once(socket, 'close');
}

export interface Broker {
  port: number;
  /** With the sessions and queues that it had. */
  restart(): Promise<unknown>;
}

/** @param broker keeps any number of messages for a session: `max_queued_messages 0`. */
export function mqttSuite(version: 4 | 5, connect: Connect, broker: () => Broker): void {
  const burstContext = (targets: FeedTarget[], more: Partial<BurstContext> = {}) =>
    contextOf(targets, { connect, ...more });

  const own = { protocolVersion: version, idleMs: 200, brokerQueueLimit: 'none' } as const;

  /** A feed whose bursts go on from each other, under topics of its own. */
  async function prepare(targets: (topic: string) => FeedTarget[], options: Partial<MqttOptions> = {}) {
    const clientId = `c-${randomId()}`;
    const root = `t-${randomId()}`;
    let position: Json | null = null;
    const burst = async (more: Partial<BurstContext> = {}, changed: Partial<MqttOptions> = {}) => {
      const url = `mqtt://127.0.0.1:${broker().port}`;
      const feed = mqtt({ ...own, url, clientId, ...options, ...changed });
      const report = await runBurst(feed, burstContext(targets(root), { position, ...more }));
      position = report.position;
      return report;
    };
    const begin = (changed: Partial<MqttOptions> = {}) => {
      const url = `mqtt://127.0.0.1:${broker().port}`;
      const feed = mqtt({ ...own, url, clientId, ...options, ...changed });
      return feed.burst(burstContext(targets(root), { position }))[Symbol.asyncIterator]();
    };
    const first = await burst();
    return { burst, begin, root, clientId, first };
  }

  test('50 equal messages that are published while nothing runs are 50 items of the next burst', async () => {
    const { burst, root, first } = await prepare((top) => [target('s', `${top}/+`)]);
    expect(first.items).toEqual([]);
    await publish(broker().port, equal(50, { topic: `${root}/a`, payload: '{"v":1}' }));
    const { items, batches } = await burst();
    expect(items.length).toBe(50);
    expect(new Set(items.map((item) => JSON.stringify(item))).size).toBe(1);
    expect(items[0]).toMatchObject({ stream: 's', data: { v: 1 }, meta: { source: `${root}/a` } });
    expect(batches.at(-1)).toMatchObject({ last: true, backlog: 0 });
    expect((await burst()).items).toEqual([]);
  });

  test('10,000 messages come once each and in order', async () => {
    const { burst, root } = await prepare((top) => [target('s', `${top}/#`)]);
    await publish(broker().port, numbered(10_000, `${root}/deep/er`));
    const { items, batches } = await burst();
    expect(numbers(items)).toEqual(upTo(10_000));
    expect(batches.length).toBeLessThan(2 + 100);
    expect((await burst()).items).toEqual([]);
  });

  test('topics find their streams and keys, and a message goes to each stream that wants it, once', async () => {
    const { burst, root } = await prepare((top) => [
      target('temperature', `${top}/+/temperature`, { keyLevel: 1, payload: 'number' }),
      target('unit', `${top}/u1/+`, { payload: 'text' }),
      target('all', `${top}/#`, { payload: 'text' }),
    ]);
    await publish(broker().port, [
      { topic: `${root}/u1/temperature`, payload: '21.5' },
      { topic: `${root}/u2/temperature`, payload: 'warm' },
      { topic: `${root}/u2/pressure`, payload: '3' },
    ]);
    const { items } = await burst();
    const of = (stream: string) => items.filter((item) => item.stream === stream);
    expect(of('temperature')).toMatchObject([
      { key: 'u1', data: { value: 21.5 } },
      { key: 'u2', data: 'warm', invalid: { reason: expect.stringContaining('not a number') } },
    ]);
    expect(of('unit').map(({ data }) => data)).toEqual([{ value: '21.5' }]);
    expect(of('all').map(({ data }) => data)).toEqual([{ value: '21.5' }, { value: 'warm' }, { value: '3' }]);
  });

  test('a burst that is ended without being resumed has acknowledged nothing', async () => {
    const { burst, begin, root } = await prepare((top) => [target('s', `${top}/a`)]);
    await publish(broker().port, numbered(30, `${root}/a`));
    const interrupted = begin();
    expect((await interrupted.next()).value.items.length).toBeGreaterThan(0);
    await interrupted.return?.();
    expect(numbers((await burst()).items)).toEqual(upTo(30));
  });

  test('the broker restarts in the middle of a burst: what was not handed over comes in the next', async () => {
    const { burst, begin, root } = await prepare((top) => [target('s', `${top}/a`)], { receiveMaximum: 40 });
    await publish(broker().port, numbered(200, `${root}/a`));
    const broken = begin();
    const stored: FeedItem[] = [];
    const drain = async () => {
      for (let batch = 0; ; batch += 1) {
        const { done, value } = await broken.next();
        if (done) return;
        stored.push(...value.items);
        if (batch === 1) await broker().restart();
      }
    };
    await expect(drain()).rejects.toMatchObject({ code: 'upstream' });
    const rest = numbers((await burst()).items);
    expect(stored.length).toBeGreaterThan(0);
    // Of the batch that was stored but whose acknowledgement found no broker, each message comes again.
    expect([...new Set([...numbers(stored), ...rest])].sort((a, b) => a - b)).toEqual(upTo(200));
    expect(rest).toEqual(upTo(200).slice(rest[0]));
  });

  test('a session that somebody removed is a gap, and the feed goes on behind it', async () => {
    const { burst, root, clientId } = await prepare((top) => [target('s', `${top}/a`), target('t', `${top}/b`)]);
    await publish(broker().port, numbered(3, `${root}/a`));
    await intrude(broker().port, clientId, true);
    const { items } = await burst();
    expect(items).toMatchObject([
      { stream: 's', data: null, meta: { gap: { reason: 'session_lost' } } },
      { stream: 't', data: null, meta: { gap: { reason: 'session_lost' } } },
    ]);
    await publish(broker().port, numbered(2, `${root}/a`));
    expect(numbers((await burst()).items)).toEqual([0, 1]);
  });

  test('whoever takes the session over ends the burst, and nothing is lost', async () => {
    const { burst, begin, root, clientId } = await prepare((top) => [target('s', `${top}/a`)]);
    await publish(broker().port, numbered(5, `${root}/a`));
    const displaced = begin({ idleMs: 10_000 });
    await displaced.next();
    await intrude(broker().port, clientId, false);
    const message = expect.stringMatching(version === 5 ? /taken over|broke/ : /broke/);
    await expect(displaced.next()).rejects.toMatchObject({ code: 'upstream', message });
    expect(numbers((await burst()).items)).toEqual(upTo(5));
  });

  test('a budget leaves the rest to the next burst', async () => {
    const { burst, root } = await prepare((top) => [target('s', `${top}/a`)]);
    await publish(broker().port, numbered(100, `${root}/a`));
    const budget = { timeMs: 10_000, events: 30, bytes: 1_000_000 };
    const parts = [await burst({ budget }), await burst({ budget }), await burst()];
    expect(parts.map(({ items }) => items.length)).toEqual([30, 30, 40]);
    expect(parts.flatMap(({ items }) => numbers(items))).toEqual(upTo(100));
  });

  test('a message above the limit is told of and gone; its neighbours are read', async () => {
    const { burst, root } = await prepare((top) => [target('s', `${top}/a`)], { maxPacketBytes: 2_048 });
    await publish(broker().port, [
      { topic: `${root}/a`, payload: '1' },
      { topic: `${root}/a`, payload: 'x'.repeat(300_000) },
      { topic: `${root}/a`, payload: '2' },
    ]);
    const { items } = await burst();
    expect(items).toMatchObject([
      { data: 1 },
      { data: null, invalid: { reason: expect.stringMatching(/\d{6} bytes/) }, meta: { source: `${root}/a` } },
      { data: 2 },
    ]);
    expect((await burst()).items).toEqual([]);
  });

  /** A message that the broker keeps for those who ask, and for nobody who is away. */
  const retain = (root: string, payload: string) =>
    publish(broker().port, [{ topic: `${root}/door`, payload, qos: 0, retain: true }]);

  test('a retained message comes once, and says that it was retained', async () => {
    const root = `t-${randomId()}`;
    await publish(broker().port, [{ topic: `${root}/a`, payload: '1', retain: true }]);
    const { burst, first } = await prepare(() => [target('s', `${root}/+`)]);
    expect(first.items).toMatchObject([{ data: 1, meta: { retained: true } }]);
    await publish(broker().port, [{ topic: `${root}/b`, payload: '2', retain: true }]);
    const { items } = await burst();
    expect(items.map(({ data, meta }) => [data, meta?.['retained']])).toEqual([[2, undefined]]);
    expect((await burst()).items).toEqual([]);
  });

  describe.each([0, 1] as const)('retained messages of a feed at QoS %s', (qos) => {
    const setting = { qos, idleMs: 900 };
    test('one that changed at QoS 0 while nobody listened is taken by the next burst, once', async () => {
      const { burst, root } = await prepare((top) => [target('s', `${top}/+`)], setting);
      await retain(root, '"open"');
      expect(shown((await burst()).items)).toEqual(['open']);
      await retain(root, '"closed"');
      const { items } = await burst();
      expect(items).toMatchObject([{ data: 'closed', meta: { retained: true } }]);
      expect(shown((await burst()).items)).toEqual([]);
    });

    test('one that is older than what was published to its topic is not taken again', async () => {
      const { burst, root } = await prepare((top) => [target('s', `${top}/+`)], setting);
      await retain(root, '1');
      expect(shown((await burst()).items)).toEqual([1]);
      const live: Message = { topic: `${root}/door`, payload: '2' };
      // At QoS 0 a burst has to be there when it is published.
      const budget = { timeMs: 15_000, events: 1, bytes: 1_000_000 };
      const over = new AbortController();
      const listening = burst({ budget }, { idleMs: 5_000 }).finally(() => over.abort());
      const publishing = async () => {
        await publish(broker().port, [live]);
        if (qos === 1) over.abort();
        while (!over.signal.aborted) await publish(broker().port, [live]);
      };
      const [{ items }] = await Promise.all([listening, publishing()]);
      expect(new Set(shown(items))).toEqual(new Set([2]));
      expect(shown((await burst()).items)).toEqual([]);
    });

    test('one that was removed leaves what is known', async () => {
      const { burst, root } = await prepare((top) => [target('s', `${top}/+`)], setting);
      await retain(root, '1');
      expect(shown((await burst()).items)).toEqual([1]);
      await retain(root, '');
      expect(shown((await burst()).items)).toEqual([]);
      await retain(root, '1');
      expect(shown((await burst()).items)).toEqual([1]);
    });

    test('a stream that is new gets them all, and those that had them get none again', async () => {
      let more: FeedTarget[] = [];
      const { burst, root } = await prepare((top) => [target('s', `${top}/+`), ...more], setting);
      await retain(root, '1');
      expect((await burst()).items.map(({ stream }) => stream)).toEqual(['s']);
      more = [target('t', `${root}/#`)];
      expect((await burst()).items.map(({ stream }) => stream)).toEqual(['t']);
      expect((await burst()).items).toEqual([]);
    });
  });

  test('a retained change at QoS 0 after a message that the broker kept comes behind it', async () => {
    const { burst, root } = await prepare((top) => [target('s', `${top}/+`)]);
    const message = (payload: string, qos: 0 | 1): Message => ({ topic: `${root}/door`, payload, qos, retain: true });
    await publish(broker().port, [message('1', 1)]);
    await burst();
    await publish(broker().port, [message('2', 1), message('3', 0)]);
    expect((await burst()).items.map(({ data }) => data)).toEqual([2, 3]);
    await publish(broker().port, [message('4', 1), message('3', 0)]);
    // MQTT 3.1.1 does not say that 4 was retained, so that 3 may be older than it.
    expect((await burst()).items.map(({ data }) => data)).toEqual(version === 5 ? [4, 3] : [4]);
  });

  test('a filter that the app no longer declares is given up at the broker', async () => {
    let wide = true;
    const { burst, root } = await prepare((top) => [
      target('s', `${top}/a`),
      ...(wide ? [target('t', `${top}/b`)] : []),
    ]);
    wide = false;
    const { position } = await burst();
    expect(position).toMatchObject({ filters: [`${root}/a`] });
    await publish(broker().port, [...numbered(1, `${root}/b`), ...numbered(1, `${root}/a`)]);
    wide = true;
    expect((await burst()).items.map(({ stream }) => stream)).toEqual(['s']);
  });

  test('at QoS 0 what is published during the burst arrives', async () => {
    const root = `t-${randomId()}`;
    const feed = mqtt({ url: `mqtt://127.0.0.1:${broker().port}`, protocolVersion: version, qos: 0, idleMs: 5_000 });
    const budget = { timeMs: 15_000, events: 2, bytes: 1_000_000 };
    const running = runBurst(feed, burstContext([target('s', `${root}/a`)], { budget }));
    const over = new AbortController();
    const publishing = async () => {
      while (!over.signal.aborted) await publish(broker().port, [{ topic: `${root}/a`, payload: '{"v":1}', qos: 0 }]);
    };
    const [{ items, position }] = await Promise.all([running.finally(() => over.abort()), publishing()]);
    expect(items.length).toBeGreaterThanOrEqual(2);
    expect(items[0]).toMatchObject({ data: { v: 1 } });
    expect(position).toMatchObject({ session: false });
  });

  if (version === 5) {
    // Mosquitto 2.0 sends more than that after the first acknowledgements, so only what came before is looked at.
    test('no more than the receive maximum is under way', async () => {
      const { begin, root } = await prepare((top) => [target('s', `${top}/a`)]);
      const burst = begin({ receiveMaximum: 10, idleMs: 2_000 });
      const first = burst.next();
      await publish(broker().port, [{ topic: `${root}/a`, payload: '{"n":-1}' }]);
      const items: FeedItem[] = (await first).value.items;
      // Acknowledges the first, so that the broker's count begins at nothing.
      const second = burst.next();
      await publish(broker().port, numbered(100, `${root}/a`));
      const sizes: number[] = [];
      for (let next = await second; !next.done; next = await burst.next()) {
        sizes.push(next.value.items.length);
        items.push(...next.value.items);
      }
      expect(sizes[0]).toBeLessThanOrEqual(10);
      expect(numbers(items)).toEqual([-1, ...upTo(100)]);
    });

    test('properties of a message travel with it', async () => {
      const { burst, root } = await prepare((top) => [target('s', `${top}/a`)]);
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      const properties = { contentType: 'application/json', userProperties: { traceparent } };
      await publish(broker().port, [{ topic: `${root}/a`, payload: '1', properties }]);
      expect((await burst()).items[0]?.meta).toEqual({
        source: `${root}/a`,
        contentType: 'application/json',
        traceparent,
      });
    });
  }
}
