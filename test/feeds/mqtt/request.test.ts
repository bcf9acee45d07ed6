/** Requests and listening on a scripted broker: the order of things, whose answer is whose, and what ends the wait. */
import { describe, expect, test } from 'vitest';
import type { IPublishPacket, ISubscribePacket, Packet } from 'mqtt-packet';
import type { MqttRequest } from '../../../src/feeds/mqtt-session/messages.ts';
import type { MqttResponse } from '../../../src/feeds/mqtt/feed.ts';
import { outletOf, scripted } from './outlets.ts';
import { politeBroker, type ScriptedBroker, scriptedBroker, type ScriptedConnection } from './script.ts';

const ID = 'the-id';
type Answers = (request: IPublishPacket, connection: ScriptedConnection) => void;

/** Acknowledges a request unless told otherwise, and then does what `answers` does. */
function responder(answers: Answers, { ack = 0 }: { ack?: number | null } = {}): ScriptedBroker {
  return politeBroker({
    otherwise(packet, connection) {
      if (packet.cmd !== 'publish') return;
      if (ack !== null) connection.send({ cmd: 'puback', messageId: packet.messageId ?? 0, reasonCode: ack });
      answers(packet, connection);
    },
  });
}

const message = (topic: string, payload: string, more: object = {}): Packet => ({
  cmd: 'publish',
  topic,
  payload,
  qos: 0,
  dup: false,
  retain: false,
  ...more,
});
const correlated = (id = ID) => ({ properties: { correlationData: Buffer.from(id) } });

function ask(broker: ScriptedBroker, response: MqttResponse, more: Partial<MqttRequest> = {}, options = {}) {
  const publish = [{ topic: 'cmd/+/do', response }];
  const outlet = outletOf({ topics: { publish }, ...options });
  const context = scripted(broker);
  return outlet.checkRequest({ topic: 'cmd/a/do', payload: { x: 1 }, ...more }, () => ID).send(context);
}
const sent = ({ packets }: ScriptedBroker) => packets.find(({ cmd }) => cmd === 'publish') as IPublishPacket;
const filters = ({ packets }: ScriptedBroker) =>
  packets
    .filter(({ cmd }) => cmd === 'subscribe')
    .map((packet) => (packet as ISubscribePacket).subscriptions[0]?.topic);

describe('where answers come', () => {
  test.each<[string, MqttResponse, string | undefined, string, string | undefined]>([
    ['as filled in from the topic', { topic: 'cmd/+/done' }, undefined, 'cmd/a/done', 'cmd/a/done'],
    ['in a topic of its own', { topic: 'r/{id}' }, undefined, `r/${ID}`, `r/${ID}`],
    ['both', { topic: 'r/+/{id}' }, undefined, `r/a/${ID}`, `r/a/${ID}`],
    ['with what is left over', { topic: '+/+/done' }, undefined, 'a/+/done', undefined],
    ['as the caller says', { topic: 'r/#' }, 'r/mine', 'r/mine', 'r/mine'],
  ])('%s', async (_, response, responseTopic, filter, told) => {
    const broker = responder(() => {});
    const outcome = await ask(broker, response, { timeoutMs: 100, ...(responseTopic ? { responseTopic } : {}) });
    expect(outcome.responseTopic).toBe(filter);
    expect(filters(broker)).toEqual([filter]);
    expect(sent(broker).properties?.responseTopic).toBe(told);
    expect(sent(broker).properties?.correlationData).toEqual(Buffer.from(ID));
    const order = broker.packets.map(({ cmd }) => cmd);
    expect(order).toEqual(['connect', 'subscribe', 'publish', 'disconnect']);
  });

  test.each([
    ['other/topic', /within r\/\+/],
    ['r/a/b', /within/],
    ['r/#', /within/],
    ['r/a#', /# alone/],
    ['', /topic filter/],
  ])('%j is beyond what is declared', (responseTopic, expected) => {
    const outlet = outletOf({ topics: { publish: [{ topic: 'a', response: { topic: 'r/+' } }, 'b'] } });
    expect(() => outlet.checkRequest({ topic: 'a', payload: 1, responseTopic }, () => ID)).toThrow(
      expect.objectContaining({
        code: 'invalid_input',
        field: 'responseTopic',
        expected: expect.stringMatching(expected),
      }),
    );
    expect(() => outlet.checkRequest({ topic: 'b', payload: 1 }, () => ID)).toThrow(
      expect.objectContaining({ code: 'invalid_input', field: 'topic' }),
    );
  });

  test('nothing is sent before the subscription stands, nor where it is refused', async () => {
    const broker = responder(() => {});
    const refusing = politeBroker();
    const connect: typeof broker.connect = async (address, signal) => {
      const socket = await refusing.connect(address, signal);
      // The SUBACK says not authorised.
      return { ...socket, read: async () => tampered(await socket.read()) };
    };
    const outlet = outletOf({ topics: { publish: [{ topic: 'a', response: { topic: 'r/{id}' } }] } });
    const request = outlet.checkRequest({ topic: 'a', payload: 1 }, () => ID);
    await expect(request.send(scripted(broker, { connect }))).rejects.toMatchObject({ code: 'upstream' });
    expect(refusing.packets.some(({ cmd }) => cmd === 'publish')).toBe(false);
  });
});

/** A SUBACK that grants, as one that refuses. */
function tampered(bytes: Uint8Array | null): Uint8Array | null {
  if (bytes === null || bytes[0] !== 0x90) return bytes;
  const changed = Uint8Array.from(bytes);
  changed[changed.length - 1] = 0x87;
  return changed;
}

const payloads = (answers: { payload: unknown }[]) => answers.map(({ payload }) => payload);

/** Knows MQTT 3.1.1 only. */
const older = (packet: Packet, connection: ScriptedConnection) => {
  if (packet.cmd === 'connect' && packet.protocolVersion === 5) connection.sendBytes(Uint8Array.of(0x20, 2, 0, 1));
  else if (packet.cmd === 'connect') connection.send({ cmd: 'connack', returnCode: 0, sessionPresent: false });
  else if (packet.cmd === 'disconnect') connection.end();
};

describe('whose answer it is', () => {
  test('is told by correlation data; others, and what was retained, are ignored', async () => {
    const broker = responder((_, connection) => {
      connection.send(message('cmd/a/done', '"other"', correlated('other')));
      connection.send(message('cmd/a/done', '"none"'));
      connection.send(message('cmd/a/done', '"kept"', { ...correlated(), retain: true }));
      connection.send(message('cmd/a/done', '{"ok":true}', correlated()));
    });
    const outcome = await ask(broker, { topic: 'cmd/+/done' });
    expect(outcome).toMatchObject({ status: 'answered', ignored: 3, correlated: true });
    expect(outcome.answers).toMatchObject([{ topic: 'cmd/a/done', payload: { ok: true }, text: '{"ok":true}' }]);
  });

  test('or by a topic of its own', async () => {
    const broker = responder((_, connection) => connection.send(message(`r/${ID}`, 'plain')));
    expect(payloads((await ask(broker, { topic: 'r/{id}' })).answers)).toEqual(['plain']);
  });

  test('or by a field, which the request gets too; an echo of the request is no answer', async () => {
    const broker = responder((request, connection) => {
      connection.send(message(request.topic, request.payload.toString()));
      connection.send(message('cmd/a/x', '{"id":"other","v":1}'));
      connection.send(message('cmd/a/x', '[1]'));
      connection.send(message('cmd/a/x', `{"id":"${ID}","v":2}`));
    });
    const outcome = await ask(broker, { topic: 'cmd/#', correlation: 'id' }, {}, { protocolVersion: 4 });
    expect(JSON.parse(sent(broker).payload.toString())).toEqual({ x: 1, id: ID });
    expect(payloads(outcome.answers)).toEqual([{ id: ID, v: 2 }]);
    expect(outcome.ignored).toBe(3);
  });

  test('or by nothing, and then that is said', async () => {
    const broker = responder((_, connection) => connection.send(message('cmd/a/done', 'whatever')));
    const outcome = await ask(broker, { topic: 'cmd/+/done', correlation: false }, {}, { protocolVersion: 4 });
    expect(outcome).toMatchObject({ status: 'answered', correlated: false });
  });

  test('where only MQTT 5 could tell, MQTT 3.1.1 is sent nothing', async () => {
    const only4 = scriptedBroker(older);
    await expect(ask(only4, { topic: 'cmd/+/done' })).rejects.toMatchObject({
      code: 'upstream',
      field: 'response.correlation',
    });
    expect(only4.packets.some(({ cmd }) => cmd === 'publish')).toBe(false);
  });

  test.each([
    [{ id: 'mine' }, 'payload.id', /left out/],
    [[1], 'payload', /an object/],
    ['text', 'payload', /an object/],
  ])('a payload that cannot get the field is refused: %j', (payload, field, expected) => {
    const outlet = outletOf({ topics: { publish: [{ topic: 'a', response: { topic: 'r', correlation: 'id' } }] } });
    expect(() => outlet.checkRequest({ topic: 'a', payload }, () => ID)).toThrow(
      expect.objectContaining({ code: 'invalid_input', field, expected: expect.stringMatching(expected) }),
    );
  });
});

const answer = (n: number) => message(`r/${ID}`, String(n));

describe('what ends the wait', () => {
  test('as many answers as asked for, and not the next one', async () => {
    const broker = responder((_, connection) => {
      for (const n of [1, 2, 3, 4]) connection.send(answer(n));
    });
    const outcome = await ask(broker, { topic: 'r/{id}' }, { answers: 3 });
    expect(outcome.status).toBe('answered');
    expect(outcome.answers.map(({ payload }) => payload)).toEqual([1, 2, 3]);
    expect(outcome.waitedMs).toBeLessThan(5_000);
  });

  test('the time, with what came until then', async () => {
    const broker = responder((_, connection) => connection.send(answer(1)));
    const outcome = await ask(broker, { topic: 'r/{id}' }, { answers: 3, timeoutMs: 2_000 });
    expect(outcome).toMatchObject({ status: 'partial', waitedMs: 2_000, published: { status: 'acknowledged' } });
    expect(outcome.answers).toHaveLength(1);
  });

  test('or with nothing: what became of the request is said', async () => {
    const outcome = await ask(
      responder(() => {}),
      { topic: 'r/{id}' },
    );
    expect(outcome).toMatchObject({
      status: 'unanswered',
      waitedMs: 5_000,
      published: { status: 'acknowledged', reason: null },
    });
  });

  test('at once, where nobody is subscribed or the broker refuses', async () => {
    const nobody = await ask(
      responder(() => {}, { ack: 0x10 }),
      { topic: 'r/{id}' },
    );
    expect(nobody).toMatchObject({ status: 'unanswered', waitedMs: 0, published: { unheard: true } });
    const refused = await ask(
      responder(() => {}, { ack: 0x87 }),
      { topic: 'r/{id}' },
    );
    expect(refused).toMatchObject({ status: 'unanswered', waitedMs: 0, published: { status: 'refused' } });
  });

  test('a lost acknowledgement does not: an answer proves that it was published', async () => {
    const broker = responder((_, connection) => connection.send(answer(1)), { ack: null });
    const outcome = await ask(broker, { topic: 'r/{id}' }, { timeoutMs: 1_000 });
    expect(outcome).toMatchObject({
      status: 'answered',
      published: { status: 'acknowledged', reason: expect.stringMatching(/answered/) },
    });
    const mute = await ask(
      responder(() => {}, { ack: null }),
      { topic: 'r/{id}' },
      { timeoutMs: 1_000 },
    );
    expect(mute).toMatchObject({ status: 'unanswered', published: { status: 'unknown' } });
  });

  test('a lost connection, before or after the acknowledgement', async () => {
    const before = responder((_, connection) => connection.end(), { ack: null });
    expect(await ask(before, { topic: 'r/{id}' })).toMatchObject({
      status: 'unanswered',
      published: { status: 'unknown', reason: expect.stringMatching(/closed/) },
    });
    const after = responder((_, connection) => {
      connection.send(answer(1));
      connection.end(new Error('ECONNRESET'));
    });
    const outcome = await ask(after, { topic: 'r/{id}' }, { answers: 2 });
    expect(outcome).toMatchObject({
      status: 'partial',
      published: { status: 'acknowledged', reason: expect.stringMatching(/ECONNRESET/) },
    });
    expect(after.packets.filter(({ cmd }) => cmd === 'publish')).toHaveLength(1);
  });

  test('more than one answer may hold', async () => {
    const broker = responder((_, connection) => {
      for (let n = 0; n < 4; n += 1) connection.send(message(`r/${ID}`, 'x'.repeat(100_000)));
    });
    const outcome = await ask(broker, { topic: 'r/{id}' }, { answers: 4 });
    expect(outcome).toMatchObject({ status: 'partial' });
    expect(outcome.answers).toHaveLength(2);
  });

  test.each([
    ['answers', 0],
    ['answers', 101],
    ['answers', 1.5],
    ['timeoutMs', 0],
    ['timeoutMs', 25_001],
  ])('%s cannot be %s', (field, value) => {
    const outlet = outletOf({ topics: { publish: [{ topic: 'a', response: { topic: 'r/{id}' } }] } });
    expect(() => outlet.checkRequest({ topic: 'a', payload: 1, [field]: value }, () => ID)).toThrow(
      expect.objectContaining({ code: 'invalid_input', field }),
    );
  });
});

const feeding = (...packets: Packet[]) =>
  politeBroker({ afterSubscribe: (connection) => packets.forEach((packet) => connection.send(packet)) });

describe('listening', () => {
  const outlet = outletOf({ topics: { read: ['a/#', 'b/+'] } });

  test('answers what came, retained and binary messages marked', async () => {
    const broker = feeding(
      message('a/1', '{"v":1}', { retain: true, properties: { contentType: 'application/json' } }),
      message('a/2', 'text'),
      message('a/3', 'later'),
    );
    const { messages, ended } = await outlet.receive({ topic: 'a/+', messages: 2 }, scripted(broker));
    expect(ended).toBe('count');
    expect(messages).toMatchObject([
      { topic: 'a/1', payload: { v: 1 }, retained: true, contentType: 'application/json' },
      { topic: 'a/2', payload: 'text', text: 'text', retained: false },
    ]);
    const binary = feeding({ ...message('a/1', ''), payload: Buffer.from([0xff, 0]) } as Packet);
    expect((await outlet.receive({ topic: 'a/+' }, scripted(binary))).messages).toMatchObject([
      { payload: '/wA=', text: null },
    ]);
  });

  test('ends with the time', async () => {
    expect(await outlet.receive({ topic: 'a/+', timeoutMs: 700 }, scripted(feeding()))).toEqual({
      messages: [],
      ended: 'time',
    });
  });

  test('ends before the request does', async () => {
    const context = scripted(feeding(), {}, 10_000);
    await outlet.receive({ topic: 'a/+', timeoutMs: 60_000 }, context);
    expect(context.runtime.now()).toBeLessThan(context.deadline);
  });

  test('a lost connection is said, and an error where nothing came', async () => {
    const some = politeBroker({
      afterSubscribe(connection) {
        connection.send(message('a/1', '1'));
        connection.end();
      },
    });
    expect(await outlet.receive({ topic: 'a/+', messages: 2 }, scripted(some))).toMatchObject({ ended: 'lost' });
    const none = politeBroker({ afterSubscribe: (connection) => connection.end() });
    await expect(outlet.receive({ topic: 'a/+' }, scripted(none))).rejects.toMatchObject({ code: 'upstream' });
  });

  test.each([
    ['c/1', /within a\/#, b\/\+/],
    ['#', /within/],
    ['+/1', /within/],
    ['$SYS/#', /within/],
    ['a/#/b', /# alone/],
    ['', /topic filter/],
  ])('%j may not be listened to', async (topic, expected) => {
    const broker = feeding();
    await expect(outlet.receive({ topic }, scripted(broker))).rejects.toMatchObject({
      code: 'invalid_input',
      field: 'topic',
      expected: expect.stringMatching(expected),
    });
    expect(broker.connections).toBe(0);
  });

  test('nor anything, where nothing is declared', async () => {
    const nothing = outletOf({ topics: { publish: ['a'] } });
    await expect(nothing.receive({ topic: 'a' }, scripted(feeding()))).rejects.toMatchObject({ field: 'topic' });
  });

  test.each([
    ['messages', 1_001],
    ['timeoutMs', 60_001],
  ])('%s cannot be %s', async (field, value) => {
    await expect(outlet.receive({ topic: 'a/1', [field]: value }, scripted(feeding()))).rejects.toMatchObject({
      field,
    });
  });
});
