import { describe, expect, test } from 'vitest';
import type { BurstContext, Feed, FeedTarget } from '../../../src/declare/feed.ts';
import type { Connect } from '../../../src/base/runtime.ts';
import { mqtt, type MqttOptions } from '../../../src/feeds/mqtt/feed.ts';
import { burstContext, runBurst, target } from './bursts.ts';
import { routesOf } from '../../../src/feeds/mqtt-session/item.ts';
import { packRoutes } from '../../../src/feeds/mqtt-session/position.ts';
import {
  politeBroker,
  publicationOf,
  type ScriptedBroker,
  scriptedBroker,
  type VirtualClock,
  virtualClock,
} from './script.ts';

const TARGETS = [target('s', 'a/+')];

function feedOf(options: Partial<MqttOptions> = {}) {
  return mqtt({ url: 'mqtt://broker.example', clientId: 'c', ...options });
}

/** A connection that never comes about. */
const hang: Connect = (_, signal) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

const acknowledged = (broker: ScriptedBroker) =>
  broker.packets.filter(({ cmd }) => cmd === 'puback').map(({ messageId }) => messageId);

/** Three messages wait. */
const withThree = () =>
  politeBroker({
    sessionPresent: true,
    afterSubscribe: (connection) => {
      for (const id of [1, 2, 3]) connection.send(publicationOf(id, `{"n":${id}}`));
    },
  });

const withOneAtQos0 = () =>
  politeBroker({
    sessionPresent: true,
    afterSubscribe: (connection) => connection.send(publicationOf(0, '1', { qos: 0 })),
  });

function contextOf(
  broker: ScriptedBroker,
  more: Partial<BurstContext> = {},
  targets: FeedTarget[] = TARGETS,
): BurstContext {
  const clock = virtualClock();
  return burstContext(targets, { ...clock, connect: broker.connect, deadline: clock.now() + 60_000, ...more });
}

/** A burst that is taken step by step. */
const begin = (feed: Feed, context: BurstContext) => feed.burst(context)[Symbol.asyncIterator]();

const upstream = (message: RegExp) =>
  expect.objectContaining({ code: 'upstream', message: expect.stringMatching(message) });

const POSITION = {
  session: true,
  broker: 'broker.example',
  clientId: 'c',
  protocol: 5,
  filters: ['a/+'],
  settled: true,
  retained: { known: '' },
  routes: packRoutes(routesOf(TARGETS, { topic: null, payload: 'json', items: null })),
  unkept: '',
};

describe('opening a session', () => {
  test('asks for one that outlives the connection, and leaves it behind', async () => {
    const broker = politeBroker();
    await runBurst(feedOf({ username: 'u', password: 'p' }), contextOf(broker));
    expect(broker.packets[0]).toMatchObject({
      cmd: 'connect',
      clientId: 'c',
      clean: false,
      username: 'u',
      password: Buffer.from('p'),
      properties: { sessionExpiryInterval: 86_400, receiveMaximum: 1_000 },
    });
    expect(broker.packets.at(-1)).toMatchObject({ cmd: 'disconnect', reasonCode: 0 });
    expect(broker.packets.at(-1)).not.toHaveProperty('properties');
    expect(broker.closed).toBe(1);
  });

  test('a broker that never answers is given up after the time for answers', async () => {
    const broker = scriptedBroker(() => {});
    const context = contextOf(broker);
    const startedAt = context.now();
    await expect(runBurst(feedOf({ answerMs: 3_000 }), context)).rejects.toThrow(upstream(/3000 ms/));
    expect(context.now() - startedAt).toBe(3_000);
    expect(broker.closed).toBe(1);
  });

  test('a connection that never comes about is given up after the time for answers', async () => {
    const broker = scriptedBroker(() => {});
    const context = contextOf(broker, { connect: hang });
    await expect(runBurst(feedOf({ answerMs: 3_000 }), context)).rejects.toThrow(upstream(/reached in 3000 ms/));
  });

  test.each([
    ['garbage', (text: string) => Buffer.from(`garbage ${text}`), /not MQTT/],
    ['HTTP', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /not MQTT/],
    ['an empty CONNACK', () => Uint8Array.of(0x20, 0x00), /refused|not MQTT/],
    ['half a CONNACK', () => Uint8Array.of(0x20, 0x03, 0x00), /no CONNACK/],
    ['SUBACK', () => Uint8Array.of(0x90, 0x04, 0x00, 0x01, 0x00, 0x00), /suback where CONNACK/],
  ])('%s instead of CONNACK', async (_, bytes, message) => {
    const broker = scriptedBroker((_packet, connection) => connection.sendBytes(bytes('in')));
    await expect(runBurst(feedOf(), contextOf(broker))).rejects.toThrow(upstream(message));
    expect(broker.closed).toBe(1);
  });

  test('a broker that closes at once', async () => {
    const broker = scriptedBroker((_, connection) => connection.end());
    await expect(runBurst(feedOf(), contextOf(broker))).rejects.toThrow(upstream(/closed/));
  });

  test('one that knows 3.1.1 only is spoken to in 3.1.1, and next time at once', async () => {
    const broker = scriptedBroker((packet, connection) => {
      if (packet.cmd === 'connect' && packet.protocolVersion === 5) connection.sendBytes(Uint8Array.of(0x20, 2, 0, 1));
      else if (packet.cmd === 'connect')
        connection.send({ cmd: 'connack', returnCode: 0, sessionPresent: broker.connections > 2 });
      else if (packet.cmd === 'subscribe')
        connection.send({ cmd: 'suback', messageId: packet.messageId ?? 0, granted: [1] });
      else if (packet.cmd === 'disconnect') connection.end();
    });
    const { position } = await runBurst(feedOf(), contextOf(broker));
    expect(position).toMatchObject({ protocol: 4 });
    expect(broker.connections).toBe(2);
    await runBurst(feedOf(), contextOf(broker, { position }));
    expect(broker.connections).toBe(3);
    await expect(runBurst(feedOf({ protocolVersion: 5 }), contextOf(broker))).rejects.toThrow(upstream(/MQTT 5/));
  });

  test('a refusal names its reason', async () => {
    const broker = scriptedBroker((_, connection) =>
      connection.send({
        cmd: 'connack',
        reasonCode: 0x86,
        sessionPresent: false,
        properties: { reasonString: 'who?' },
      }),
    );
    await expect(runBurst(feedOf(), contextOf(broker))).rejects.toThrow(
      upstream(/bad user name or password \(who\?\)/),
    );
  });

  test.each([
    [0x87, /refused the subscription to a\/\+: not authorised/],
    [0, /grants QoS 0/],
  ])('a subscription that is answered with %s fails the burst', async (code, message) => {
    const broker = scriptedBroker((packet, connection) => {
      if (packet.cmd === 'connect') connection.send({ cmd: 'connack', reasonCode: 0, sessionPresent: false });
      else if (packet.cmd === 'subscribe') connection.send({ cmd: 'suback', messageId: 1, granted: [code] });
    });
    await expect(runBurst(feedOf(), contextOf(broker))).rejects.toThrow(upstream(message));
  });

  test('a platform without TCP is told what it can use', async () => {
    const context = contextOf(politeBroker(), { connect: null });
    await expect(runBurst(feedOf(), context)).rejects.toMatchObject({ code: 'invalid_config', field: 'url' });
  });
});

describe('acknowledging', () => {
  test('happens in order, after the batch is durable, in one write', async () => {
    const broker = withThree();
    const burst = begin(feedOf(), contextOf(broker));
    const first = await burst.next();
    expect(first.value.items.map((item: { data: unknown }) => item.data)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(acknowledged(broker)).toEqual([]);
    await burst.next();
    expect(acknowledged(broker)).toEqual([1, 2, 3]);
    expect(broker.writes.filter(([first]) => first === 0x40).length).toBe(1);
    await burst.return?.();
  });

  test('does not happen where the burst is ended instead; the session is left with DISCONNECT', async () => {
    const broker = withThree();
    const burst = begin(feedOf(), contextOf(broker));
    await burst.next();
    await burst.return?.();
    expect(acknowledged(broker)).toEqual([]);
    expect(broker.packets.at(-1)).toMatchObject({ cmd: 'disconnect', reasonCode: 0 });
  });

  test('still happens where the burst is aborted while its batch is being stored', async () => {
    const aborting = new AbortController();
    const broker = withThree();
    const burst = begin(feedOf(), contextOf(broker, { position: POSITION, signal: aborting.signal }));
    expect((await burst.next()).value.items.length).toBe(3);
    aborting.abort();
    expect(await burst.next()).toMatchObject({ done: true });
    expect(acknowledged(broker)).toEqual([1, 2, 3]);
    expect(broker.packets.at(-1)?.cmd).toBe('disconnect');
  });

  test('a message at QoS 0 gets none, and one that no stream wants gets one without being handed over', async () => {
    const broker = politeBroker({
      afterSubscribe: (connection) => {
        connection.send(publicationOf(0, '1', { qos: 0 }));
        connection.send(publicationOf(9, '2', { topic: 'elsewhere' }));
      },
    });
    const { items } = await runBurst(feedOf(), contextOf(broker));
    expect(items.map(({ data, meta }) => meta?.gap?.reason ?? data)).toEqual(['published_at_qos_0', 1]);
    expect(acknowledged(broker)).toEqual([9]);
  });

  test('a message that is sent twice before it is acknowledged is one', async () => {
    const broker = politeBroker({
      sessionPresent: true,
      afterSubscribe: (connection) => {
        for (const id of [1, 1, 2, 1]) connection.send(publicationOf(id, `${id}`, { dup: id === 1 }));
      },
    });
    const { items } = await runBurst(feedOf(), contextOf(broker));
    expect(items.map(({ data }) => data)).toEqual([1, 2]);
    expect(acknowledged(broker)).toEqual([1, 2]);
  });

  test('a retained message without identifiers, once for each subscription that matches, is one', async () => {
    const targets = [target('s', 'a/+'), target('t', '#')];
    const broker = politeBroker({
      afterSubscribe: (connection) => {
        for (const id of [1, 2]) connection.send(publicationOf(id, '1', { retain: true }));
      },
    });
    const { items } = await runBurst(feedOf(), contextOf(broker, {}, targets));
    expect(items.map(({ stream }) => stream)).toEqual(['s', 't']);
  });

  test('what comes at QoS 0 is told by a gap in its stream, once for all bursts', async () => {
    const targets = [target('s', 'a/+'), target('t', 'b')];
    const first = await runBurst(feedOf(), contextOf(withOneAtQos0(), {}, targets));
    expect(first.items).toMatchObject([
      {
        stream: 's',
        meta: { gap: { reason: 'published_at_qos_0', detail: expect.stringContaining('a/b is published') } },
      },
      { stream: 's', data: 1 },
    ]);
    const { position } = first;
    expect((await runBurst(feedOf(), contextOf(withOneAtQos0(), { position }, targets))).items).toMatchObject([
      { data: 1 },
    ]);
  });

  test('what is beyond the budget is left to the broker, and said to wait', async () => {
    const broker = withThree();
    const { items, batches } = await runBurst(
      feedOf(),
      contextOf(broker, { budget: { timeMs: 10_000, events: 2, bytes: 1_000_000 } }),
    );
    expect(items.length).toBe(2);
    expect(acknowledged(broker)).toEqual([1, 2]);
    expect(batches.every(({ last }) => !last)).toBe(true);
  });
});

describe('a broken course', () => {
  test.each([
    ['a publication at QoS 2', publicationOf(1, 'x', { qos: 2 }), /did not ask for/],
    [
      'a publication without a topic',
      publicationOf(1, 'x', { topic: '', properties: { topicAlias: 1 } }),
      /did not ask/,
    ],
    ['a topic with a wildcard', publicationOf(1, 'x', { topic: 'a/#' }), /did not ask for/],
    ['a topic alias of 0', publicationOf(1, 'x', { properties: { topicAlias: 0 } }), /did not ask for/],
    [
      'a topic alias, of which none is allowed',
      publicationOf(1, 'x', { properties: { topicAlias: 9 } }),
      /did not ask/,
    ],
    ['a packet id of 0', publicationOf(0, 'x'), /did not ask for/],
    ['a second CONNACK', { cmd: 'connack', reasonCode: 0, sessionPresent: true } as const, /nobody asked/],
    ['DISCONNECT', { cmd: 'disconnect', reasonCode: 0x8e } as const, /taken over/],
  ])('%s fails the burst', async (_, packet, message) => {
    const broker = politeBroker({ afterSubscribe: (connection) => connection.send(packet) });
    await expect(runBurst(feedOf(), contextOf(broker))).rejects.toThrow(upstream(message));
    expect(broker.closed).toBe(1);
  });

  test('a property that comes twice fails the burst', async () => {
    // PUBLISH to a/b at QoS 0, with two payload format indicators.
    const twice = Uint8Array.of(0x30, 11, 0, 3, 0x61, 0x2f, 0x62, 4, 1, 1, 1, 1, 0x31);
    const broker = politeBroker({ afterSubscribe: (connection) => connection.sendBytes(twice) });
    await expect(runBurst(feedOf(), contextOf(broker))).rejects.toThrow(upstream(/payloadFormatIndicator twice/));
  });

  test.each(['receiveMaximum', 'maximumPacketSize'])('a CONNACK with %s 0 fails the burst', async (name) => {
    const code = name === 'receiveMaximum' ? [0x21, 0, 0] : [0x27, 0, 0, 0, 0];
    const broker = scriptedBroker((packet, connection) => {
      const connack = [0x20, 3 + code.length, 0, 0, code.length, ...code];
      if (packet.cmd === 'connect') connection.sendBytes(Uint8Array.from(connack));
    });
    await expect(runBurst(feedOf(), contextOf(broker))).rejects.toThrow(upstream(new RegExp(`${name} 0`)));
    expect(broker.closed).toBe(1);
  });

  test('two CONNACKs at once fail the burst', async () => {
    const broker = scriptedBroker((packet, connection) => {
      const connack = [0x20, 3, 0, 0, 0];
      if (packet.cmd === 'connect') connection.sendBytes(Uint8Array.from([...connack, ...connack]));
    });
    await expect(runBurst(feedOf(), contextOf(broker))).rejects.toThrow(upstream(/sent connack where CONNACK/));
  });

  test('a message to a topic that nobody subscribed to is acknowledged, dropped and told once', async () => {
    const told: unknown[] = [];
    const broker = politeBroker({
      afterSubscribe: (connection) => {
        for (const id of [1, 2]) connection.send(publicationOf(id, '1', { topic: 'other' }));
        connection.send(publicationOf(3, '1'));
      },
    });
    const log: BurstContext['log'] = (level, _message, fields) => level === 'warn' && told.push(fields);
    const { items } = await runBurst(feedOf(), contextOf(broker, { log }));
    expect(items).toHaveLength(1);
    expect(acknowledged(broker)).toEqual([1, 2, 3]);
    expect(told).toEqual([{ topic: 'other' }]);
  });

  test('a connection that breaks between two messages fails the burst, and the first is not acknowledged', async () => {
    const broker = politeBroker({
      afterSubscribe: (connection) => {
        connection.send(publicationOf(1, '1'));
        connection.end(new Error('ECONNRESET'));
      },
    });
    await expect(runBurst(feedOf(), contextOf(broker))).rejects.toThrow(upstream(/broke: ECONNRESET/));
    expect(broker.packets.some(({ cmd }) => cmd === 'puback')).toBe(false);
  });

  test('an aborted burst ends at once and quietly', async () => {
    const aborting = new AbortController();
    const broker = politeBroker({ afterSubscribe: () => aborting.abort() });
    const { batches } = await runBurst(feedOf({ idleMs: 60_000 }), contextOf(broker, { signal: aborting.signal }));
    expect(batches).toEqual([]);
    expect(broker.closed).toBeGreaterThan(0);
  });
});

describe('another client with the same clientId', () => {
  test('is named where the broker says so', async () => {
    const taken = { cmd: 'disconnect', reasonCode: 0x8e } as const;
    const broker = politeBroker({ afterSubscribe: (connection) => connection.send(taken) });
    await expect(runBurst(feedOf({ clientId: 'edge' }), contextOf(broker))).rejects.toMatchObject({
      code: 'upstream',
      field: 'clientId',
      message: expect.stringContaining('another client connected with the clientId "edge"'),
    });
  });

  test.each([4, 5] as const)(
    'is named as the likely reason where a broker of version %s closes without one',
    async (protocolVersion) => {
      const broker = politeBroker({ afterSubscribe: (connection) => connection.end() });
      const feed = feedOf({ clientId: 'edge', protocolVersion });
      await expect(runBurst(feed, contextOf(broker))).rejects.toThrow(
        upstream(/accepted the clientId "edge"\..*another client uses this clientId/),
      );
    },
  );

  test('is not suspected where the broker never accepted the connection', async () => {
    const broker = scriptedBroker((_, connection) => connection.end());
    await expect(runBurst(feedOf({ protocolVersion: 4 }), contextOf(broker))).rejects.toThrow(/closed it$/);
  });
});

describe('staying alive', () => {
  const long: Partial<MqttOptions> = { idleMs: 200_000, keepAliveSeconds: 30 };
  const patient = { timeMs: 200_000, events: 10, bytes: 1_000_000 };

  test('a quiet connection is pinged at half its keep-alive time', async () => {
    const broker = politeBroker({
      otherwise: (packet, connection) => packet.cmd === 'pingreq' && connection.send({ cmd: 'pingresp' }),
    });
    const context = contextOf(broker, { budget: patient });
    await runBurst(feedOf(long), context);
    expect(broker.packets.filter(({ cmd }) => cmd === 'pingreq').length).toBe(3);
  });

  test('a broker that does not answer a ping is given up', async () => {
    const context = contextOf(politeBroker(), { budget: patient });
    const startedAt = context.now();
    await expect(runBurst(feedOf(long), context)).rejects.toThrow(upstream(/did not answer/));
    expect(context.now() - startedAt).toBe(25_100);
  });

  test("the broker's own keep-alive time counts", async () => {
    const broker = politeBroker({ connackProperties: { serverKeepAlive: 10 } });
    const context = contextOf(broker, { budget: patient });
    const startedAt = context.now();
    await expect(runBurst(feedOf(long), context)).rejects.toThrow(upstream(/did not answer/));
    expect(context.now() - startedAt).toBe(15_100);
  });
});

describe('gaps', () => {
  test('the first connection ever has none; it leaves a position and says that all was read', async () => {
    const { items, batches } = await runBurst(feedOf(), contextOf(politeBroker()));
    expect(items).toEqual([]);
    expect(batches).toEqual([{ items: [], last: true, backlog: 0, position: POSITION }]);
  });

  test('a session that is gone is one in each stream, durable before anything is subscribed to', async () => {
    const broker = politeBroker();
    const context = contextOf(broker, { position: POSITION }, [target('s', 'a/+'), target('t', 'a/b')]);
    const burst = begin(feedOf(), context);
    const { value } = await burst.next();
    expect(value.items).toMatchObject([
      { stream: 's', data: null, meta: { gap: { reason: 'session_lost' } } },
      { stream: 't', data: null, meta: { gap: { reason: 'session_lost' } } },
    ]);
    expect(value.position).toMatchObject({ session: true, filters: [] });
    expect(broker.packets.map(({ cmd }) => cmd)).toEqual(['connect']);
    await burst.next();
    expect(broker.packets.map(({ cmd }) => cmd).slice(0, 3)).toEqual(['connect', 'subscribe', 'subscribe']);
    await burst.return?.();
  });

  test('one that could not be stored leaves no session behind, so that the next burst sees it again', async () => {
    const five = politeBroker();
    const burst = begin(feedOf(), contextOf(five, { position: POSITION }));
    await burst.next();
    await burst.return?.();
    expect(five.packets.at(-1)).toMatchObject({ cmd: 'disconnect', properties: { sessionExpiryInterval: 0 } });

    const three = politeBroker();
    const position = { ...POSITION, protocol: 4 };
    const older = begin(feedOf({ protocolVersion: 4 }), contextOf(three, { position }));
    await older.next();
    await older.return?.();
    expect(three.packets).toMatchObject([
      { cmd: 'connect', clean: false },
      { cmd: 'disconnect' },
      { cmd: 'connect', clean: true },
      { cmd: 'disconnect' },
    ]);
  });

  test('a broker whose URL is only written in another way is none', async () => {
    const position = { ...POSITION, broker: 'BROKER.example:1883' };
    const { items } = await runBurst(feedOf(), contextOf(politeBroker({ sessionPresent: true }), { position }));
    expect(items).toEqual([]);
  });

  test('a new clientId and a new broker are gaps as well', async () => {
    for (const moved of [{ clientId: 'd' }, { url: 'mqtt://other.example' }]) {
      const context = contextOf(politeBroker({ sessionPresent: true }), { position: POSITION });
      const { items } = await runBurst(feedOf(moved), context);
      expect(items).toMatchObject([{ meta: { gap: { reason: 'session_lost' } } }]);
    }
  });

  test("as many waiting messages as the broker's queue holds make one behind them", async () => {
    const broker = politeBroker({
      sessionPresent: true,
      afterSubscribe: (connection) => {
        for (const id of [1, 2, 3]) connection.send(publicationOf(id, `${id}`));
      },
    });
    const { items } = await runBurst(feedOf({ brokerQueueLimit: 2 }), contextOf(broker, { position: POSITION }));
    expect(items.map(({ data, meta }) => meta?.gap?.reason ?? data)).toEqual([1, 2, 'broker_queue_full', 3]);
  });

  test.each([
    [1_000, undefined, ['broker_queue_full']],
    [999, undefined, []],
    [1_000, 'none', []],
  ] as const)('%i of them, with a limit of %s, make %j, as most brokers keep 1,000', async (count, limit, gaps) => {
    const broker = politeBroker({
      sessionPresent: true,
      afterSubscribe: (connection) => {
        for (let id = 1; id <= count; id += 1) connection.send(publicationOf(id, `${id}`));
      },
    });
    const feed = feedOf(limit === undefined ? {} : { brokerQueueLimit: limit });
    const { items } = await runBurst(feed, contextOf(broker, { position: POSITION }));
    expect(items.flatMap(({ meta }) => meta?.gap?.reason ?? [])).toEqual(gaps);
  });
});

test('filters that are no longer declared are unsubscribed from', async () => {
  const broker = politeBroker({ sessionPresent: true });
  const position = { ...POSITION, filters: ['a/+', 'gone/#'] };
  const report = await runBurst(feedOf(), contextOf(broker, { position }));
  expect(broker.packets.find(({ cmd }) => cmd === 'unsubscribe')).toMatchObject({ unsubscriptions: ['gone/#'] });
  expect(report.position).toEqual(POSITION);
});

/** A broker that sends one retained message with each subscription, and then live ones, 100 ms apart. */
function livelyBroker(clock: VirtualClock, live: number): ScriptedBroker {
  return politeBroker({
    sessionPresent: true,
    afterSubscribe: (connection) => {
      connection.send(publicationOf(1, '"retained"', { retain: true }));
      const goOn = async () => {
        for (let id = 2; id < 2 + live; id += 1) {
          await clock.sleep(100);
          connection.send(publicationOf(id, '"live"'));
        }
      };
      void goOn();
    },
  });
}

describe('retained messages at 3.1.1, which come again with each SUBSCRIBE', () => {
  test.each([0, 20])('are handed over once, also where the feed is never idle (%s live messages)', async (live) => {
    const clock = virtualClock();
    const broker = livelyBroker(clock, live);
    const feed = feedOf({ protocolVersion: 4 });
    const budget = { timeMs: 1_000, events: 100, bytes: 1_000_000 };
    const position = { ...POSITION, protocol: 4, filters: [], settled: false };
    const first = await runBurst(feed, contextOf(broker, { ...clock, budget, position }));
    expect(first.items[0]).toMatchObject({ data: 'retained', meta: { retained: true } });
    expect(first.position).toMatchObject({ settled: true });

    const second = await runBurst(feed, contextOf(broker, { ...clock, budget, position: first.position }));
    expect(second.items.map(({ data }) => data)).not.toContain('retained');
    expect(acknowledged(broker).filter((id) => id === 1).length).toBe(2);
  });
});
