/**
 * Opens a connection for one call and sends one message over it. The session is clean and has a client id of its own, so
 * it takes over neither the feed's session nor another call's. A message is never sent twice: if its outcome is not known,
 * the answer says so.
 */
import type { IPublishPacket } from 'mqtt-packet';
import type { OutletContext } from '../../declare/outlet.ts';
import { TidegateError } from '../../base/errors.ts';
import { createBurstClock } from '../kit/burst-clock.ts';
import { type Connection, dial } from '../mqtt-session/dial.ts';
import type { MqttOutcome } from '../mqtt-session/messages.ts';
import type { MqttSettings } from '../mqtt-session/settings.ts';
import type { OutgoingMessage } from './publish-check.ts';
import { reason } from '../mqtt-session/reasons.ts';
import { describe } from '../mqtt-session/socket.ts';

/** Nothing is sent if less time than this is left. */
const LEAST_MS = 50;
const NO_MATCHING_SUBSCRIBERS = 0x10;
/** Most bytes of the fixed header, topic length, packet id and property length together. */
const PACKET_OVERHEAD_BYTES = 16;

export interface OutletConnection extends Connection {
  /** Epoch ms by which waiting has to end, so that time is left to answer. */
  overAt: number;
  /** Ends the session and the connection. Never throws. */
  leave(): Promise<void>;
}

/** @throws TidegateError `upstream`, `invalid_config` or `cancelled`. In each case nothing was sent. */
export async function connectOnce(settings: MqttSettings, context: OutletContext): Promise<OutletConnection> {
  const { feed, runtime, signal, deadline } = context;
  const clock = createBurstClock(() => runtime.now(), deadline);
  const leftMs = clock.leftMs();
  if (leftMs < LEAST_MS) throw new TidegateError('cancelled', 'There is no time left to publish; nothing was sent');
  const clientId = `${settings.clientId ?? 'tidegate'}.${runtime.newId()}`;
  const answerMs = Math.min(settings.answerMs, leftMs);
  try {
    // QoS 0 makes `dial` open a clean session.
    const connection = await dial({ ...settings, clientId, answerMs, qos: 0 }, { ...runtime, feed, signal }, null);
    const close = () => connection.close();
    signal.addEventListener('abort', close, { once: true });
    return {
      ...connection,
      overAt: clock.closesAt,
      async leave() {
        await connection.session.end();
        signal.removeEventListener('abort', close);
      },
    };
  } catch (error) {
    if (!(error instanceof TidegateError) || error.code !== 'upstream') throw error;
    const { message, field, expected } = error;
    throw new TidegateError('upstream', `Nothing was sent: ${message}`, {
      ...(field === null ? {} : { field }),
      ...(expected === null ? {} : { expected }),
      hint: 'it may be tried again later',
      cause: error,
    });
  }
}

/** The properties of MQTT 5 that a request has beside those of any message. */
interface RequestProperties {
  responseTopic?: string;
  correlationData: Uint8Array;
}

/**
 * Sends one message and returns what became of it. It throws nothing once the first byte is sent.
 * @param waitMs longest wait for the acknowledgement; default: as for any answer of the broker
 * @throws TidegateError `invalid_input` for a message that this broker does not accept. Nothing was sent then.
 */
export async function sendOne(
  { session, protocol }: OutletConnection,
  message: OutgoingMessage,
  request: RequestProperties | null = null,
  waitMs?: number,
): Promise<MqttOutcome> {
  const { topic, payload, qos, retain } = message;
  const packet = packetOf(message, protocol, request);
  checkTaken(session.takes, message, protocol);
  const outcome = (status: MqttOutcome['status'], why: string | null, unheard: boolean | null = null) =>
    ({ status, reason: why, unheard, topic, qos, retained: retain, bytes: payload.length }) satisfies MqttOutcome;
  try {
    const ack = await session.publish(packet, waitMs);
    if (ack === null) return outcome('sent', null);
    if (ack.code >= 0x80) return outcome('refused', `${reason(ack.code)}${ack.said}`);
    if (ack.code === NO_MATCHING_SUBSCRIBERS) return outcome('acknowledged', `${reason(ack.code)}${ack.said}`, true);
    return outcome('acknowledged', ack.said === '' ? null : ack.said.trim());
  } catch (error) {
    return outcome('unknown', describe(error));
  }
}

function packetOf(
  { topic, payload, qos, retain, contentType, expirySeconds, userProperties }: OutgoingMessage,
  protocol: 4 | 5,
  request: RequestProperties | null,
): Omit<IPublishPacket, 'cmd' | 'dup'> {
  const packet = { topic, payload: Buffer.from(payload), qos, retain };
  if (protocol === 4) return packet;
  return {
    ...packet,
    properties: {
      payloadFormatIndicator: true,
      ...(contentType === null ? {} : { contentType }),
      ...(expirySeconds === null ? {} : { messageExpiryInterval: expirySeconds }),
      ...(userProperties === null ? {} : { userProperties: { ...userProperties } }),
      ...(request === null ? {} : { ...request, correlationData: Buffer.from(request.correlationData) }),
    },
  };
}

/** Refuses a message that the broker said it does not accept. If it were sent, the broker would break the connection. */
function checkTaken(
  takes: OutletConnection['session']['takes'],
  { topic, payload, qos, retain, asked, userProperties, contentType }: OutgoingMessage,
  protocol: 4 | 5,
): void {
  const [first] = asked;
  if (protocol === 4 && first !== undefined) {
    throw refused(first, 'to be left out: the broker speaks MQTT 3.1.1, which has no such property');
  }
  if (qos > takes.qos) throw refused('qos', `at most ${takes.qos}, as the broker says`);
  if (retain && !takes.retain) throw refused('retain', 'false: the broker retains nothing');
  const properties = JSON.stringify([userProperties, contentType]).length;
  if (topic.length + payload.length + properties + PACKET_OVERHEAD_BYTES > takes.packetBytes) {
    throw refused('payload', `a message of at most ${takes.packetBytes} bytes in all, as the broker says`);
  }
}

function refused(field: string, expected: string): TidegateError {
  return new TidegateError('invalid_input', `Nothing was sent: this broker does not take this ${field}`, {
    field,
    expected,
  });
}
