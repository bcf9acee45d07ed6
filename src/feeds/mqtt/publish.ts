/**
 * What an MQTT feed lets out: its rules, and the checks that need no broker. The protocol is loaded when something is
 * sent, so that an app that publishes nothing does not run it.
 */
import type { CheckedRequest, Outlet } from '../../declare/outlet.ts';
import type { MqttOptions, MqttTopics } from './options.ts';
import { mqttSettings, mqttVersions } from './settings.ts';
import { outgoing, ruleFor } from './publish-check.ts';
import { publishRules } from './publish-rules.ts';
import { planResponse } from './request-match.ts';
import { checkWait, checkWhole, DEFAULT_WAIT_MS, LONGEST_REQUEST_MS, MOST_ANSWERS } from './request-bounds.ts';

export function mqttOutlet(options: MqttOptions, topics: MqttTopics): Outlet {
  const rules = publishRules(topics, options.payload ?? 'json');
  const read = topics.read ?? [];
  return {
    rules,
    read,
    properties: mqttVersions(options).includes(5),
    audit: topics.audit ?? null,
    check(message) {
      const rule = ruleFor(rules, message.topic);
      const { shown, ...out } = outgoing(message, rule);
      return {
        rule,
        shown: { ...out, payload: shown, bytes: out.payload.length },
        async send(context) {
          const { connectOnce, sendOne } = await import('./publish-send.ts');
          const connection = await connectOnce(mqttSettings(options), context);
          try {
            return await sendOne(connection, out);
          } finally {
            await connection.leave();
          }
        },
      };
    },
    checkRequest({ responseTopic, answers = 1, timeoutMs = DEFAULT_WAIT_MS, ...message }, newId): CheckedRequest {
      const rule = ruleFor(rules, message.topic);
      const id = newId();
      const plan = planResponse(rule, message.topic, responseTopic, id);
      checkWhole('answers', answers, MOST_ANSWERS);
      checkWait(timeoutMs, LONGEST_REQUEST_MS);
      const field = rule.response?.correlation;
      const { shown, ...out } = outgoing(message, rule, typeof field === 'string' ? { field, id } : null);
      return {
        rule,
        shown: { ...out, payload: shown, bytes: out.payload.length },
        async send(context) {
          const { request } = await import('./request.ts');
          return request(mqttSettings(options), context, out, { ...plan, id, answers, timeoutMs });
        },
      };
    },
    async receive(wanted, context) {
      const { receive } = await import('./request.ts');
      return receive(mqttSettings(options), read, wanted, context);
    },
  };
}
