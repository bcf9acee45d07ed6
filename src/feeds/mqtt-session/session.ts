/**
 * One connection of an MQTT session over a byte stream. It sends CONNECT, subscriptions, publications, acknowledgements
 * and DISCONNECT, and hands over the publications that come. It acknowledges only what its caller names, and reads only
 * while its caller waits for something. It does not reconnect.
 */
import { generate, type IConnackPacket, type IPubackPacket, type Packet } from 'mqtt-packet';
import { TidegateError } from '../../base/errors.ts';
import type { ByteSocket } from '../../base/runtime.ts';
import { createPacketReader, type Incoming } from './frames.ts';
import {
  broken,
  checkGrant,
  closedWithoutReason,
  connectPacket,
  disconnected,
  isSound,
  type Publication,
  pubacks,
  said,
  type SessionOptions,
  upstream,
} from './packets.ts';
import { connectReason, isVersionRefusal } from './reasons.ts';
import type { Session, SessionClock, VersionRefused } from './session-types.ts';
import { askingId, subscriptionId } from './topic.ts';

/** Longest wait for the broker to close after DISCONNECT. */
const FAREWELL_MS = 500;

/** @throws TidegateError `upstream` when the broker refuses, does not answer in time, or answers nonsense. */
export async function openSession(
  socket: ByteSocket,
  options: SessionOptions,
  clock: SessionClock,
): Promise<Session | VersionRefused> {
  const { protocolVersion, answerMs } = options;
  const reader = createPacketReader(protocolVersion, options.maxPacketBytes);
  const inbox: Publication[] = [];
  let keepAliveMs = options.keepAliveSeconds * 1_000;
  let reading: Promise<Uint8Array | null> | null = null;
  let wroteAt = clock.now();
  let pingedAt: number | null = null;
  let nextId = 0;
  let acceptedAt: number | null = null;
  /** Filters by the id of the request that was not answered yet. */
  const asked = new Map<number, { filter: string; qos: 0 | 1 }>();

  const encode = (packet: Packet): Uint8Array => generate(packet, { protocolVersion });

  async function write(bytes: Uint8Array): Promise<void> {
    wroteAt = clock.now();
    try {
      await socket.write(bytes);
    } catch (error) {
      throw broken(error);
    }
  }

  function closeHint(): string {
    if (acceptedAt === null) return '';
    return closedWithoutReason(options.clientId, clock.now() - acceptedAt);
  }

  /** The packets that come within `waitMs`; null if no bytes came. The next call continues a read that is under way. */
  async function read(waitMs: number, wake?: AbortSignal): Promise<Incoming[] | null> {
    reading ??= socket.read();
    const woken = new AbortController();
    const rouse = () => woken.abort();
    wake?.addEventListener('abort', rouse, { once: true });
    if (wake?.aborted) rouse();
    const timeout = clock.sleep(waitMs, woken.signal).then(() => 'timeout' as const);
    try {
      const bytes = await Promise.race([reading, timeout]);
      if (bytes === 'timeout') return null;
      reading = null;
      if (bytes === null) throw broken('the broker closed it', closeHint());
      pingedAt = null;
      return reader.push(bytes);
    } catch (error) {
      throw error instanceof TidegateError ? error : broken(error, closeHint());
    } finally {
      woken.abort();
      wake?.removeEventListener('abort', rouse);
      reading?.catch(() => {});
    }
  }

  /** Handles a packet that may come at any time and returns null; returns every other packet to the caller. */
  function take(packet: Incoming): Packet | null {
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
      for (const packet of (await read(Math.max(0, until - clock.now()))) ?? []) {
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
        if (packet.cmd !== kind) throw upstream(`the broker sent ${packet.cmd} where ${what} was due`);
        found ??= packet;
      },
    );
    return found as unknown as Packet;
  }

  async function keepAlive(): Promise<number> {
    if (keepAliveMs === 0) return Infinity;
    const now = clock.now();
    if (pingedAt !== null && now - pingedAt >= answerMs) throw upstream(`the broker did not answer for ${answerMs} ms`);
    if (pingedAt === null && now - wroteAt >= keepAliveMs / 2) {
      await write(encode({ cmd: 'pingreq' }));
      pingedAt = now;
    }
    return pingedAt === null ? wroteAt + keepAliveMs / 2 : pingedAt + answerMs;
  }

  await write(encode(connectPacket(options)));
  const connack = (await answer('connack', 'CONNACK')) as IConnackPacket;
  const code = protocolVersion === 5 ? connack.reasonCode : connack.returnCode;
  if (code !== 0) {
    if (code !== undefined && isVersionRefusal(code)) return { refused: 'version' };
    throw upstream(`the broker refused: ${connectReason(code ?? 0x80)}${said(connack)}`);
  }
  acceptedAt = clock.now();
  const granted = connack.properties ?? {};
  if (granted.serverKeepAlive !== undefined) keepAliveMs = granted.serverKeepAlive * 1_000;
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
      const requests: Uint8Array[] = [];
      for (const topic of without) {
        asked.set(++nextId, { filter: topic, qos });
        requests.push(encode({ cmd: 'unsubscribe', messageId: nextId, unsubscriptions: [topic] }));
      }
      // Each filter has a packet of its own, because a subscription identifier belongs to the whole packet.
      for (const topic of filters) {
        asked.set(++nextId, { filter: topic, qos });
        const properties = identifies ? { subscriptionIdentifier: (asks ? askingId : subscriptionId)(topic) } : {};
        // Retain handling 0 asks for retained messages, 2 does not (MQTT 5.0, section 3.8.3.1). With `rap` a message says
        // whether it was retained when it was published; only its identifier then tells it from one that was asked for.
        // It is the same in every request, because Mosquitto does not change it for a subscription that stands.
        const subscription = { topic, qos, nl: false, rap: identifies, rh: asks ? 0 : 2 };
        requests.push(encode({ cmd: 'subscribe', messageId: nextId, subscriptions: [subscription], properties }));
      }
      if (requests.length > 0) await write(Buffer.concat(requests));
    },

    async granted() {
      await readUntil(() => asked.size === 0, 'SUBACK', answerMs);
    },

    isGranted: () => asked.size === 0,

    async receive(waitMs, wake) {
      const until = clock.now() + waitMs;
      while (inbox.length === 0) {
        const attendAt = await keepAlive();
        const packets = await read(Math.max(0, Math.min(until, attendAt) - clock.now()), wake);
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
        await write(encode({ ...message, cmd: 'publish', dup: false }));
        return null;
      }
      const messageId = ++nextId;
      await write(encode({ ...message, cmd: 'publish', dup: false, messageId }));
      const puback = (await answer('puback', 'PUBACK', waitMs)) as IPubackPacket;
      if (puback.messageId !== messageId) throw upstream('the broker acknowledged what was not sent');
      return { code: puback.reasonCode ?? 0, said: said(puback) };
    },

    async acknowledge(messageIds) {
      if (messageIds.length > 0) await write(pubacks(messageIds));
    },

    async end(forget = false) {
      try {
        const properties = forget && protocolVersion === 5 ? { properties: { sessionExpiryInterval: 0 } } : {};
        await write(encode({ cmd: 'disconnect', reasonCode: 0, ...properties }));
        // To close with unread bytes would reset the connection, and the broker might lose our last acknowledgements.
        const until = clock.now() + FAREWELL_MS;
        for (let left = FAREWELL_MS; left > 0; left = until - clock.now()) await read(left);
      } catch {
        // The broker has closed the connection, as it should, or the connection is broken. Both end the session here.
      } finally {
        socket.close();
      }
    },
  };
}
