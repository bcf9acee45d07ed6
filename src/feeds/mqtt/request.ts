/**
 * Sends a request and waits for its answers, or listens for messages, over a connection of the call's own. The
 * subscription for the answers is made before the request is sent. Nothing is stored: what comes after the wait is lost.
 */
import type { OutletContext } from '../../declare/outlet.ts';
import { TidegateError } from '../../base/errors.ts';
import { utf8Bytes } from '../../base/json.ts';
import type {
  MqttInbound,
  MqttListening,
  MqttOutcome,
  MqttReceiveOutcome,
  MqttRequestOutcome,
} from '../mqtt-session/messages.ts';
import type { MqttSettings } from '../mqtt-session/settings.ts';
import type { Publication } from '../mqtt-session/packets.ts';
import type { OutgoingMessage } from './publish-check.ts';
import { connectOnce, type OutletConnection, sendOne } from './publish-send.ts';
import {
  MOST_PAYLOAD_BYTES,
  checkWait,
  checkNumberOf,
  DEFAULT_WAIT_MS,
  LONGEST_RECEIVE_MS,
  MOST_MESSAGES,
  wrongField,
} from './request-bounds.ts';
import { answerTest, inboundOf, type ResponsePlan } from './request-match.ts';
import { describe } from '../mqtt-session/socket.ts';
import { covers, filterMistake } from '../mqtt-session/topic.ts';

interface RequestPlan extends ResponsePlan {
  id: string;
  answers: number;
  timeoutMs: number;
}

/** @throws TidegateError `upstream` or `invalid_input` if nothing was sent */
export async function request(
  settings: MqttSettings,
  context: OutletContext,
  message: OutgoingMessage,
  plan: RequestPlan,
): Promise<MqttRequestOutcome> {
  const now = () => context.runtime.now();
  const connection = await connectOnce(settings, context);
  try {
    const { protocol, overAt } = connection;
    if (plan.by === null && protocol === 4) {
      throw new TidegateError(
        'upstream',
        'Nothing was sent: the broker speaks MQTT 3.1.1, which has no correlation data',
        {
          field: 'response.correlation',
          expected: 'the name of a field, or {id} in the response topic',
        },
      );
    }
    await subscribe(connection, plan.filter);
    const startedAt = now();
    const until = Math.min(overAt, startedAt + plan.timeoutMs);
    const correlationData = new TextEncoder().encode(plan.id);
    const properties = { ...(plan.topic === null ? {} : { responseTopic: plan.topic }), correlationData };
    let published = await sendOne(connection, message, properties, until - startedAt);
    const isAnswer = answerTest(plan, plan.id);
    const heard = await collect(connection, {
      // If the filter matches the request too, the broker sends it back to us.
      isWanted: (publication) => isAnswer(publication) && !isEcho(publication, message),
      count: plan.answers,
      // If nobody can answer, there is nothing to wait for.
      until: published.status === 'refused' || published.unheard === true ? now() : until,
      now,
    });
    if (heard.broken !== null && published.status !== 'unknown') published = { ...published, reason: heard.broken };
    if (heard.messages.length > 0 && plan.by !== 'none') published = provenBy(published);
    return {
      status: heard.messages.length === 0 ? 'unanswered' : heard.ended === 'count' ? 'answered' : 'partial',
      published,
      responseTopic: plan.filter,
      answers: heard.messages,
      ignored: heard.ignored,
      waitedMs: Math.max(0, now() - startedAt),
      correlated: plan.by !== 'none',
    };
  } finally {
    await connection.leave();
  }
}

/** The outcome once an answer came that can only be to this request: it proves that the request was published. */
function provenBy(published: MqttOutcome): MqttOutcome {
  if (published.status !== 'unknown') return published;
  return { ...published, status: 'acknowledged', reason: 'not acknowledged, but answered' };
}

/** @throws TidegateError `invalid_input` naming the field, `upstream` */
export async function receive(
  settings: MqttSettings,
  read: readonly string[],
  { topic, messages = 1, timeoutMs = DEFAULT_WAIT_MS }: MqttListening,
  context: OutletContext,
): Promise<MqttReceiveOutcome> {
  const mistake = filterMistake(topic);
  if (mistake !== null) throw wrongField('topic', mistake);
  if (!read.some((wide) => covers(wide, topic))) {
    throw wrongField(
      'topic',
      read.length === 0 ? 'nothing: no topics may be read at once' : `a filter within ${read.join(', ')}`,
    );
  }
  checkNumberOf('messages', messages, MOST_MESSAGES);
  checkWait(timeoutMs, LONGEST_RECEIVE_MS);
  const now = () => context.runtime.now();
  const connection = await connectOnce(settings, context);
  try {
    await subscribe(connection, topic);
    const until = Math.min(connection.overAt, now() + timeoutMs);
    const heard = await collect(connection, { isWanted: () => true, count: messages, until, now });
    if (heard.broken !== null && heard.messages.length === 0) throw new TidegateError('upstream', heard.broken);
    return { messages: heard.messages, ended: heard.ended };
  } finally {
    await connection.leave();
  }
}

function isEcho(publication: Publication, { topic, payload }: OutgoingMessage): boolean {
  if (publication.cmd === 'oversized' || publication.topic !== topic) return false;
  return Buffer.from(payload).equals(Buffer.from(publication.payload));
}

/** Subscribes to a filter. It resolves when the broker has granted the subscription. */
async function subscribe({ session }: OutletConnection, filter: string): Promise<void> {
  await session.subscribe([filter], { qos: 0, asks: true });
  await session.granted();
}

interface Heard extends MqttReceiveOutcome {
  ignored: number;
  /** Why the connection was lost; null if it was not. */
  broken: string | null;
}

async function collect(
  { session }: OutletConnection,
  wanted: { isWanted: (publication: Publication) => boolean; count: number; until: number; now: () => number },
): Promise<Heard> {
  const messages: MqttInbound[] = [];
  let bytes = 0;
  let ignored = 0;
  const heard = (ended: Heard['ended'], broken: string | null = null): Heard => ({ messages, ended, ignored, broken });
  try {
    for (;;) {
      const leftMs = wanted.until - wanted.now();
      const publications = await session.receive(Math.max(0, leftMs));
      for (const publication of publications) {
        if (publication.cmd === 'oversized' || !wanted.isWanted(publication)) {
          ignored += 1;
          continue;
        }
        const message = inboundOf(publication, wanted.now());
        bytes += utf8Bytes(message.text ?? JSON.stringify(message.payload));
        if (bytes > MOST_PAYLOAD_BYTES && messages.length > 0) return heard('bytes');
        messages.push(message);
        if (messages.length === wanted.count) return heard('count');
      }
      if (leftMs <= 0) return heard('time');
    }
  } catch (error) {
    return heard('lost', describe(error));
  }
}
