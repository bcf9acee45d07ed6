/**
 * One connection of an MQTT session. It sends CONNECT, subscriptions, publications, acknowledgements and DISCONNECT by
 * `packet-connection.ts`, and hands over the publications that come. It acknowledges only what its caller names, and reads only
 * while its caller waits for something. It does not reconnect.
 */
import type { IConnackPacket, IPubackPacket, Packet } from 'mqtt-packet';
import type { ByteSocket } from '../../base/runtime.ts';
import type { Incoming } from './frames.ts';
import { createPacketConnection } from './packet-connection.ts';
import {
  checkGrant,
  checkProperties,
  connectPacket,
  disconnected,
  isSound,
  type Publication,
  pubacks,
  said,
  type SessionOptions,
  subscribePacket,
  upstream,
} from './packets.ts';
import { connectReason, isVersionRefusal } from './reasons.ts';
import type { Session, SessionClock, VersionRefused } from './session-types.ts';

/** Longest wait for the broker to close after DISCONNECT. */
const FAREWELL_MS = 500;

/** @throws TidegateError `upstream` when the broker refuses, does not answer in time, or answers nonsense. */
export async function openSession(
  socket: ByteSocket,
  options: SessionOptions,
  clock: SessionClock,
): Promise<Session | VersionRefused> {
  const { protocolVersion, answerMs } = options;
  const connection = createPacketConnection(socket, options, clock);
  const inbox: Publication[] = [];
  let nextId = 0;
  /** Filters by the id of the request that was not answered yet. */
  const asked = new Map<number, { filter: string; qos: 0 | 1 }>();

  /** Handles a packet that may come at any time and returns null; returns every other packet to the caller. */
  function take(packet: Incoming): Packet | null {
    if (packet.cmd !== 'oversized' && 'properties' in packet) checkProperties(packet.cmd, packet.properties);
    if (packet.cmd === 'publish' || packet.cmd === 'oversized') {
      if (!isSound(packet)) throw upstream('the broker sent a publication that we did not ask for (QoS, id or topic)');
      inbox.push(packet);
      return null;
    }
    if (packet.cmd === 'disconnect') throw disconnected(packet.reasonCode ?? 0, said(packet), options.clientId);
    if (packet.cmd === 'pingresp') return null;
    if (packet.cmd !== 'suback' && packet.cmd !== 'unsuback') return packet;
    const request = asked.get(packet.messageId ?? 0);
    if (request === undefined) return packet;
    if (packet.cmd === 'suback') checkGrant(packet, request.filter, request.qos);
    asked.delete(packet.messageId ?? 0);
    return null;
  }

  /** Reads until `isDone`. Packets that nobody takes go to `other`, which throws for those that it does not expect. */
  async function readUntil(
    isDone: () => boolean,
    what: string,
    waitMs: number,
    other: (packet: Packet) => void = (packet) => {
      throw upstream(`the broker sent ${packet.cmd} where ${what} was due`);
    },
  ): Promise<void> {
    const until = clock.now() + waitMs;
    while (!isDone()) {
      for (const packet of (await connection.read(Math.max(0, until - clock.now()))) ?? []) {
        const left = take(packet);
        if (left) other(left);
      }
      if (!isDone() && clock.now() >= until) throw upstream(`the broker sent no ${what} in ${waitMs} ms`);
    }
  }

  /** Reads until a packet of this kind has come. */
  async function answer(kind: Packet['cmd'], what: string, waitMs = answerMs): Promise<Packet> {
    let found: Packet | null = null;
    await readUntil(
      () => found !== null,
      what,
      waitMs,
      (packet) => {
        if (packet.cmd !== kind || found !== null)
          throw upstream(`the broker sent ${packet.cmd} where ${what} was due`);
        found = packet;
      },
    );
    return found as unknown as Packet;
  }

  await connection.send(connectPacket(options));
  const connack = (await answer('connack', 'CONNACK')) as IConnackPacket;
  const code = protocolVersion === 5 ? connack.reasonCode : connack.returnCode;
  if (code !== 0) {
    if (code !== undefined && isVersionRefusal(code)) return { refused: 'version' };
    throw upstream(`the broker refused: ${connectReason(code ?? 0x80)}${said(connack)}`);
  }
  const granted = connack.properties ?? {};
  connection.accepted(granted.serverKeepAlive);
  const identifies = protocolVersion === 5 && granted.subscriptionIdentifiersAvailable !== false;

  return {
    present: connack.sessionPresent,
    identifies,
    expirySeconds: granted.sessionExpiryInterval ?? null,
    takes: {
      qos: granted.maximumQoS ?? 2,
      retain: granted.retainAvailable !== false,
      packetBytes: granted.maximumPacketSize ?? Infinity,
      receiveMaximum: protocolVersion === 5 ? (granted.receiveMaximum ?? 65_535) : null,
    },

    async subscribe(filters, { qos, without = [], asks }) {
      const requests: Packet[] = [];
      for (const topic of without) {
        asked.set(++nextId, { filter: topic, qos });
        requests.push({ cmd: 'unsubscribe', messageId: nextId, unsubscriptions: [topic] });
      }
      // Each filter has a packet of its own, because a subscription identifier belongs to the whole packet.
      for (const topic of filters) {
        asked.set(++nextId, { filter: topic, qos });
        requests.push(subscribePacket(nextId, { topic, qos, identifies, asks }));
      }
      await connection.send(...requests);
    },

    async granted() {
      await readUntil(() => asked.size === 0, 'SUBACK', answerMs);
    },

    isGranted: () => asked.size === 0,

    async receive(waitMs, wake) {
      const until = clock.now() + waitMs;
      while (inbox.length === 0) {
        const attendAt = await connection.keepAlive();
        const packets = await connection.read(Math.max(0, Math.min(until, attendAt) - clock.now()), wake);
        for (const packet of packets ?? []) {
          const other = take(packet);
          if (other) throw upstream(`the broker sent ${other.cmd}, which nobody asked for`);
        }
        if (packets === null && (clock.now() >= until || wake?.aborted)) break;
      }
      return inbox.splice(0);
    },

    async publish(message, waitMs) {
      if (message.qos === 0) {
        await connection.send({ ...message, cmd: 'publish', dup: false });
        return null;
      }
      const messageId = ++nextId;
      await connection.send({ ...message, cmd: 'publish', dup: false, messageId });
      const puback = (await answer('puback', 'PUBACK', waitMs)) as IPubackPacket;
      if (puback.messageId !== messageId) throw upstream('the broker acknowledged what was not sent');
      return { code: puback.reasonCode ?? 0, said: said(puback) };
    },

    async acknowledge(messageIds) {
      if (messageIds.length > 0) await connection.write(pubacks(messageIds));
    },

    async end(forget = false) {
      try {
        const properties = forget && protocolVersion === 5 ? { properties: { sessionExpiryInterval: 0 } } : {};
        await connection.send({ cmd: 'disconnect', reasonCode: 0, ...properties });
        // To close with unread bytes would reset the connection, and the broker might lose our last acknowledgements.
        const until = clock.now() + FAREWELL_MS;
        for (let left = FAREWELL_MS; left > 0; left = until - clock.now()) await connection.read(left);
      } catch {
        // The broker has closed the connection, as it should, or the connection is broken. Both end the session here.
      } finally {
        socket.close();
      }
    },
  };
}
