/** One message on a scripted broker: what is sent, and what is said of it when the broker does not play along. */
import { describe, expect, test } from 'vitest';
import type { IPublishPacket, Packet } from 'mqtt-packet';
import type { Connect } from '../../../src/base/runtime.ts';
import { outletOf, scripted } from './outlets.ts';
import { politeBroker, type ScriptedBroker, scriptedBroker, type ScriptedConnection } from './script.ts';

const topics = { publish: [{ topic: 'a/+', retain: true }] };
const published = ({ packets }: ScriptedBroker) => packets.filter(({ cmd }) => cmd === 'publish') as IPublishPacket[];

const acknowledge = (packet: Packet, connection: ScriptedConnection, more: object = {}) =>
  connection.send({ cmd: 'puback', messageId: packet.messageId ?? 0, reasonCode: 0, ...more });

/** Answers a PUBLISH like this, and is polite otherwise. */
const answering = (answer: (packet: Packet, connection: ScriptedConnection) => void, connackProperties = {}) =>
  politeBroker({
    connackProperties,
    otherwise: (packet, connection) => packet.cmd === 'publish' && answer(packet, connection),
  });

function send(broker: ScriptedBroker, message: object = {}, options: object = {}, context = scripted(broker)) {
  const outlet = outletOf({ topics, ...options });
  return outlet.check({ topic: 'a/b', payload: { v: 1 }, ...message }).send(context);
}

describe('what is sent', () => {
  test('is one message in a clean session under a client id of its own', async () => {
    const broker = answering(acknowledge);
    const outcome = await send(broker, { retain: true, expirySeconds: 60, userProperties: { who: 'me' } });
    expect(outcome).toEqual({
      status: 'acknowledged',
      reason: null,
      unheard: null,
      topic: 'a/b',
      qos: 1,
      retained: true,
      bytes: 7,
    });
    expect(broker.packets.map(({ cmd }) => cmd)).toEqual(['connect', 'publish', 'disconnect']);
    expect(broker.packets[0]).toMatchObject({
      clean: true,
      clientId: expect.stringMatching(/^feed\.[\w-]{22}$/),
      properties: { sessionExpiryInterval: 0 },
    });
    expect(published(broker)[0]).toMatchObject({
      topic: 'a/b',
      payload: Buffer.from('{"v":1}'),
      qos: 1,
      retain: true,
      dup: false,
      properties: {
        payloadFormatIndicator: true,
        contentType: 'application/json',
        messageExpiryInterval: 60,
        userProperties: { who: 'me' },
      },
    });
    expect(broker.closed).toBe(1);
  });

  test('two calls at once have two client ids', async () => {
    const broker = answering(acknowledge);
    await Promise.all([send(broker), send(broker)]);
    const ids = broker.packets.flatMap((packet) => (packet.cmd === 'connect' ? [packet.clientId] : []));
    expect(new Set(ids).size).toBe(2);
  });

  test('at QoS 0 has no acknowledgement to wait for', async () => {
    const broker = answering(() => {});
    expect(await send(broker, { qos: 0 })).toMatchObject({ status: 'sent', qos: 0, unheard: null });
    expect(published(broker)[0]).not.toHaveProperty('messageId');
  });
});

describe('what the broker says', () => {
  test.each([
    [0x10, 'acknowledged', 'no matching subscribers', true],
    [0x80, 'refused', 'unspecified error', null],
    [0x83, 'refused', 'implementation specific error', null],
    [0x87, 'refused', 'not authorised', null],
    [0x90, 'refused', 'topic name invalid', null],
    [0x97, 'refused', 'quota exceeded', null],
    [0x99, 'refused', 'payload format invalid', null],
  ] as const)('PUBACK 0x%s is %s: %s', async (reasonCode, status, reason, unheard) => {
    const broker = answering((packet, connection) => acknowledge(packet, connection, { reasonCode }));
    expect(await send(broker)).toMatchObject({ status, reason, unheard });
  });

  test('its own words stand beside the code', async () => {
    const properties = { reasonString: 'ask the owner' };
    const broker = answering((packet, connection) => acknowledge(packet, connection, { reasonCode: 0x87, properties }));
    expect(await send(broker)).toMatchObject({ reason: 'not authorised (ask the owner)' });
  });
});

describe('what is not known', () => {
  test.each<[string, (packet: Packet, connection: ScriptedConnection) => void, RegExp]>([
    ['the connection closes', (_, connection) => connection.end(), /broker closed it/],
    ['the connection breaks', (_, connection) => connection.end(new Error('ECONNRESET')), /ECONNRESET/],
    ['nothing comes', () => {}, /no PUBACK in 10000 ms/],
    ['another id comes', (_, connection) => connection.send({ cmd: 'puback', messageId: 9 }), /was not sent/],
    ['garbage comes', (_, connection) => connection.sendBytes(Buffer.from('HTTP/1.1 400')), /not MQTT/],
    [
      'the broker disconnects',
      (_, connection) => connection.send({ cmd: 'disconnect', reasonCode: 0x9a }),
      /retain not supported/,
    ],
  ])('%s: it is told as unknown, and nothing is sent again', async (_, answer, reason) => {
    const broker = answering(answer);
    expect(await send(broker)).toMatchObject({ status: 'unknown', reason: expect.stringMatching(reason) });
    expect(published(broker)).toHaveLength(1);
    expect(broker.connections).toBe(1);
    expect(broker.closed).toBe(1);
  });

  test('nor is a write that fails, since some of it may have gone out', async () => {
    const broker = answering(acknowledge);
    const connect: Connect = async (address, signal) => {
      const socket = await broker.connect(address, signal);
      let writes = 0;
      return {
        ...socket,
        write: (bytes) => ((writes += 1) === 2 ? Promise.reject(new Error('EPIPE')) : socket.write(bytes)),
      };
    };
    const outcome = await send(broker, {}, {}, scripted(broker, { connect }));
    expect(outcome).toMatchObject({ status: 'unknown', reason: expect.stringMatching(/EPIPE/) });
  });

  test('a caller who goes away, or a time that is over, ends the wait', async () => {
    const away = new AbortController();
    const broker = answering(() => away.abort(new Error('gone')));
    const outcome = await send(broker, {}, {}, { ...scripted(broker), signal: away.signal });
    expect(outcome.status).toBe('unknown');
    const late = answering(() => {});
    const context = scripted(late, {}, 4_000);
    expect(await send(late, {}, {}, context)).toMatchObject({
      status: 'unknown',
      reason: expect.stringMatching(/3600 ms/),
    });
    expect(context.runtime.now()).toBeLessThan(context.deadline);
  });
});

const upstream = (message: RegExp) =>
  expect.objectContaining({ code: 'upstream', message: expect.stringMatching(message) });

const refusal = (field: string) => expect.objectContaining({ code: 'invalid_input', field });

const nowhere: Connect = () => Promise.reject(new Error('ECONNREFUSED'));

describe('nothing is sent', () => {
  test('where the broker cannot be reached', async () => {
    const broker = scriptedBroker(() => {});
    await expect(send(broker, {}, {}, scripted(broker, { connect: nowhere }))).rejects.toThrow(
      upstream(/^Nothing was sent: .*ECONNREFUSED/),
    );
  });

  test('where it refuses us', async () => {
    const broker = scriptedBroker((_, connection) =>
      connection.send({ cmd: 'connack', reasonCode: 0x87, sessionPresent: false }),
    );
    await expect(send(broker)).rejects.toThrow(upstream(/^Nothing was sent: .*not authorised/));
    expect(published(broker)).toEqual([]);
  });

  test('where the time is over already', async () => {
    const broker = answering(acknowledge);
    await expect(send(broker, {}, {}, scripted(broker, {}, 40))).rejects.toMatchObject({ code: 'cancelled' });
    expect(broker.connections).toBe(0);
  });

  test.each([
    ['qos', {}, { maximumQoS: 0 }],
    ['retain', { retain: true }, { retainAvailable: false }],
    ['payload', { payload: 'x'.repeat(100) }, { maximumPacketSize: 100 }],
  ])('where its CONNACK says that it does not take this %s', async (field, message, properties) => {
    const broker = answering(acknowledge, properties);
    await expect(send(broker, message)).rejects.toThrow(refusal(field));
    expect(published(broker)).toEqual([]);
    expect(broker.closed).toBe(1);
  });

  test('where a property is asked for that MQTT 3.1.1 has not', async () => {
    const broker = answering((packet, connection) =>
      connection.send({ cmd: 'puback', messageId: packet.messageId ?? 0 }),
    );
    const older = { protocolVersion: 4 as const };
    await expect(send(broker, { userProperties: { a: 'b' } }, older)).rejects.toThrow(refusal('userProperties'));
    expect(published(broker)).toEqual([]);
    expect(await send(broker, {}, older)).toMatchObject({ status: 'acknowledged', reason: null, unheard: null });
    expect(published(broker)[0]).not.toHaveProperty('properties');
  });
});

test('a broker that knows 3.1.1 only is asked again in that, before anything is sent', async () => {
  const broker = scriptedBroker((packet, connection) => {
    if (packet.cmd === 'connect' && packet.protocolVersion === 5) connection.sendBytes(Uint8Array.of(0x20, 2, 0, 1));
    else if (packet.cmd === 'connect') connection.send({ cmd: 'connack', returnCode: 0, sessionPresent: false });
    else if (packet.cmd === 'publish') connection.send({ cmd: 'puback', messageId: packet.messageId ?? 0 });
    else if (packet.cmd === 'disconnect') connection.end();
  });
  expect(await send(broker)).toMatchObject({ status: 'acknowledged' });
  expect(published(broker)).toHaveLength(1);
});
