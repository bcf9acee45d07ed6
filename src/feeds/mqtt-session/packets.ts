/** Makes the packets that a session sends, and checks those that it gets. Pure. */
import type { IPublishPacket, ISubackPacket, Packet } from 'mqtt-packet';
import { TidegateError } from '../../base/errors.ts';
import type { OversizedPublication } from './frames.ts';
import { reason } from './reasons.ts';
import { describe } from './socket.ts';
import { askingId, subscriptionId } from './topic.ts';

export interface SessionOptions {
  protocolVersion: 4 | 5;
  clientId: string;
  /** True: the broker forgets the session that it kept for this client. */
  clean: boolean;
  username: string | null;
  password: string | null;
  /** Sent with MQTT 5. */
  sessionExpirySeconds: number;
  /** Sent with MQTT 5. */
  receiveMaximum: number;
  maxPacketBytes: number;
  keepAliveSeconds: number;
  /** Longest wait for an answer of the broker. */
  answerMs: number;
}

export type Publication = IPublishPacket | OversizedPublication;

export function connectPacket(options: SessionOptions): Packet {
  const { protocolVersion, clientId, clean, username, password, keepAliveSeconds } = options;
  const properties =
    protocolVersion === 5
      ? { sessionExpiryInterval: clean ? 0 : options.sessionExpirySeconds, receiveMaximum: options.receiveMaximum }
      : undefined;
  return {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion,
    clientId,
    clean,
    keepalive: keepAliveSeconds,
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password: Buffer.from(password) }),
    ...(properties ? { properties } : {}),
  };
}

interface Subscription {
  topic: string;
  qos: 0 | 1;
  /** Whether publications are to carry the identifier of the subscription. */
  identifies: boolean;
  /** Whether retained messages are asked for. */
  asks: boolean;
}

export function subscribePacket(messageId: number, { topic, qos, identifies, asks }: Subscription): Packet {
  const properties = identifies ? { subscriptionIdentifier: (asks ? askingId : subscriptionId)(topic) } : {};
  // Retain handling 0 asks for retained messages, 2 does not (MQTT 5.0, section 3.8.3.1). With `rap` a message says
  // whether it was retained when it was published; only its identifier then tells it from one that was asked for.
  // It is the same in every request, because Mosquitto does not change it for a subscription that stands.
  const subscription = { topic, qos, nl: false, rap: identifies, rh: asks ? 0 : 2 };
  return { cmd: 'subscribe', messageId, subscriptions: [subscription], properties };
}

/** Whether a publication is one that the broker may send: we subscribe at QoS 1 at most and allow no topic aliases. */
export function isSound(packet: Publication): boolean {
  const { qos, topic, messageId } = packet;
  if (topic === '' || qos > 1 || /[#+]/.test(topic)) return false;
  if (packet.cmd === 'publish' && packet.properties?.topicAlias !== undefined) return false;
  return qos === 0 || (messageId !== undefined && messageId > 0);
}

/** Properties that may come several times in one packet; every other comes once at most (MQTT 5.0, section 2.2.2.2). */
const REPEATED = new Set(['userProperties', 'subscriptionIdentifier']);

/** @throws TidegateError `upstream` for a property that came twice, and for a bound of 0 (sections 3.2.2.3.3 and 3.2.2.3.6) */
export function checkProperties(cmd: string, properties: object | undefined): void {
  if (properties === undefined) return;
  for (const [name, value] of Object.entries(properties) as [string, unknown][]) {
    if (Array.isArray(value) && !REPEATED.has(name)) throw upstream(`the broker sent ${cmd} with ${name} twice`);
    if (value === 0 && (name === 'receiveMaximum' || name === 'maximumPacketSize')) {
      throw upstream(`the broker sent ${cmd} with ${name} 0, where MQTT 5 allows 1 and more`);
    }
  }
}

export function checkGrant(packet: ISubackPacket, filter: string | undefined, qos: number): void {
  const codes = packet.granted.length;
  if (codes > 1) throw upstream(`the broker answered the subscription to ${filter} with ${codes} codes`);
  const code = Number(packet.granted[0] ?? 0x80);
  if (code >= 0x80) throw upstream(`the broker refused the subscription to ${filter}: ${reason(code)}${said(packet)}`);
  if (code < qos) throw upstream(`the broker grants QoS ${code} for ${filter}, where QoS ${qos} is needed`);
}

/** PUBACKs are the same four bytes in both versions. They are made by hand, because a burst sends one for every message. */
export function pubacks(messageIds: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(messageIds.length * 4);
  for (const [index, id] of messageIds.entries()) {
    bytes.set([0x40, 2, id >> 8, id & 0xff], index * 4);
  }
  return bytes;
}

export function said(packet: { properties?: { reasonString?: string } }): string {
  const text = packet.properties?.reasonString;
  return text ? ` (${text.slice(0, 200)})` : '';
}

export function upstream(message: string): TidegateError {
  return new TidegateError('upstream', message);
}

/** @param hint what the break may mean; empty if nothing is known */
export function broken(cause: unknown, hint = ''): TidegateError {
  return new TidegateError('upstream', `the connection to the broker broke: ${describe(cause)}${hint}`, { cause });
}

const TAKEN_OVER = 0x8e;

/** The error for a DISCONNECT of the broker. Who is displaced by another client is told which name both have. */
export function disconnected(code: number, text: string, clientId: string): TidegateError {
  if (code !== TAKEN_OVER) return upstream(`the broker disconnected: ${reason(code)}${text}`);
  const message = `another client connected with the clientId ${JSON.stringify(clientId)}, and the broker gave it our session (session taken over)`;
  return new TidegateError('upstream', message, {
    field: 'clientId',
    expected: 'a clientId that no other client of the broker has',
  });
}

/**
 * A broker of MQTT 3.1.1 cannot say why it closes, and one of MQTT 5 need not. Most often another client has connected with
 * the same name.
 */
export function closedWithoutReason(clientId: string, afterMs: number): string {
  return `, ${afterMs} ms after it accepted the clientId ${JSON.stringify(clientId)}. It gave no reason: if this goes on, another client uses this clientId`;
}
