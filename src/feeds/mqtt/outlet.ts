/**
 * The outlet of an MQTT feed: its rules, and the checks that need no broker. The protocol is loaded only when something is
 * sent, so that an app that publishes nothing does not run its code.
 */
import type { Checked } from '../../declare/outlet.ts';
import type { MqttMessage, MqttOutcome } from '../mqtt-session/messages.ts';
import type { MqttOptions, MqttTopics } from '../mqtt-session/options.ts';
import { EXAMPLE_RECORDS } from './publish-audit.ts';
import { type OutgoingMessage, outgoing, ruleFor } from './publish-check.ts';
import { type MqttRules, type PublishRule, publishRules } from './publish-rules.ts';
import { mqttTools } from './tools.ts';
import { checkWait, checkNumberOf, DEFAULT_WAIT_MS, LONGEST_REQUEST_MS, MOST_ANSWERS } from './request-bounds.ts';
import { planResponse } from './request-match.ts';
import { mqttSettings, mqttVersions } from '../mqtt-session/settings.ts';

/** The person who is asked sees a topic and a payload of up to this length whole. */
const SHOWN_CHARACTERS = 1_500;
/** A topic is recorded up to this length. */
const RECORDED_CHARACTERS = 1_024;

export function mqttOutlet(options: MqttOptions, topics: MqttTopics): MqttRules {
  const rules = publishRules(topics, options.payload ?? 'json');
  const read = topics.read ?? [];
  const { audit } = topics;
  const expected = 'a stream made with publishAudit(), or one that takes its records';
  return {
    rules,
    properties: mqttVersions(options).includes(5),
    audit: audit === undefined ? null : { stream: audit, option: 'topics.audit', examples: EXAMPLE_RECORDS, expected },
    factsOf: (message) => ({ topic: recorded((message as Partial<MqttMessage>).topic) }),
    tools: mqttTools,
    check(message) {
      const rule = ruleFor(rules, message.topic);
      const { shown, ...out } = outgoing(message, rule);
      return {
        ...checked(rule, out, shown),
        async send(context) {
          const { connectOnce, sendOne } = await import('./publish-send.ts');
          const connection = await connectOnce(mqttSettings(options, context.secret), context);
          try {
            return await sendOne(connection, out);
          } finally {
            await connection.leave();
          }
        },
      };
    },
    checkRequest({ responseTopic, answers = 1, timeoutMs = DEFAULT_WAIT_MS, ...message }, newId) {
      const rule = ruleFor(rules, message.topic);
      const id = newId();
      const plan = planResponse(rule, message.topic, responseTopic, id);
      checkNumberOf('answers', answers, MOST_ANSWERS);
      checkWait(timeoutMs, LONGEST_REQUEST_MS);
      const field = rule.response?.correlation;
      const { shown, ...out } = outgoing(message, rule, typeof field === 'string' ? { field, id } : null);
      const request = checked(rule, out, shown);
      return {
        ...request,
        declined: {
          status: 'unanswered',
          published: request.declined,
          responseTopic: '',
          answers: [],
          ignored: 0,
          waitedMs: 0,
          correlated: false,
        },
        async send(context) {
          const { request: ask } = await import('./request.ts');
          return ask(mqttSettings(options, context.secret), context, out, { ...plan, id, answers, timeoutMs });
        },
      };
    },
    async receive(wanted, context) {
      const { receive } = await import('./request.ts');
      return receive(mqttSettings(options, context.secret), read, wanted, context);
    },
  };
}

/** @param shown the payload as JSON in one line, so that nothing in it can look like a line of ours */
function checked(
  rule: PublishRule,
  { topic, payload, qos, retain }: OutgoingMessage,
  shown: string,
): Omit<Checked<MqttOutcome>, 'send'> {
  const bytes = payload.length;
  return {
    rule,
    facts: { topic: recorded(topic), bytes, qos, retained: retain },
    shown: (feed) => [
      `Topic: ${topic.length > SHOWN_CHARACTERS ? `${topic.slice(0, SHOWN_CHARACTERS)}… (cut)` : topic} (${feed})`,
      `Payload: ${shown.length > SHOWN_CHARACTERS ? `${shown.slice(0, SHOWN_CHARACTERS)}… (cut; ${bytes} bytes in all)` : shown}`,
      ...(retain ? ['The broker keeps it for later subscribers (retained).'] : []),
    ],
    identity: [topic, shown, qos, retain],
    field: 'topic',
    declined: { status: 'declined', reason: null, unheard: null, topic, qos, retained: retain, bytes },
  };
}

function recorded(topic: unknown): string {
  return String(topic).slice(0, RECORDED_CHARACTERS);
}
