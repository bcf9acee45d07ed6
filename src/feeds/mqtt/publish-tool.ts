/** The tool `publish`: it sends one message, once, to a topic that a feed of the app allows, and says what became of it. */
import * as z from 'zod';
import type { OutletTool } from '../../declare/outlet.ts';
import type { MqttOutcome, MqttOutlet } from '../mqtt-session/messages.ts';
import type { MqttRules } from './publish-rules.ts';
import { describeTopics, shownRules } from './tool-texts.ts';
import { messageOf, messageShape } from './tool-input.ts';

export const Outcome = z.object({
  status: z
    .enum(['acknowledged', 'sent', 'refused', 'unknown', 'declined'])
    .describe('acknowledged: the broker has it; sent: nobody says more (QoS 0); unknown: it may be published or not'),
  reason: z.string().nullable().describe('What the broker says, or why it is not known'),
  unheard: z.boolean().nullable().describe('true: nobody is subscribed; null: the broker does not tell'),
  topic: z.string(),
  qos: z.number(),
  retained: z.boolean(),
  bytes: z.number().describe('Of the payload'),
});

export function publishTool(outlets: ReadonlyMap<string, MqttRules>): OutletTool {
  const shown = shownRules(outlets, () => true);
  const mayRetain = shown.some(({ rule }) => rule.retain);
  return {
    title: 'Publish',
    description: [
      'Publishes one message, and says what became of it. It is sent once: where the answer is `unknown`, find out whether it took effect before you publish it again.',
      describeTopics(shown, new Set(shown.map(({ feed }) => feed)).size > 1),
    ].join('\n'),
    feeds: [...new Set(shown.map(({ feed }) => feed))],
    input: z.strictObject({
      ...messageShape(outlets, shown),
      ...(mayRetain
        ? { retain: z.boolean().optional().describe('The broker keeps it for those who subscribe later') }
        : {}),
    }),
    output: Outcome.extend({ feed: z.string() }),
    async run(input: Readonly<Record<string, unknown>>, feeds) {
      const { feed, message } = messageOf(input, shown);
      const outcome = await feeds.publish<MqttOutlet>(feed, message);
      const failed = outcome.status === 'refused' || outcome.status === 'unknown';
      return {
        text: outcomeText(outcome),
        structured: { feed, ...outcome },
        ...(failed ? { isError: true } : {}),
      };
    },
  };
}

export function outcomeText({ status, reason, unheard, topic, bytes, retained }: MqttOutcome): string {
  const why = reason === null ? '' : `: ${reason}`;
  const size = `${bytes} bytes${retained ? ', kept for who subscribes later' : ''}`;
  switch (status) {
    case 'acknowledged':
      return unheard
        ? `The broker took the message to ${topic} (${size}), but nobody is subscribed to it.`
        : `The broker took the message to ${topic} (${size})${why}.`;
    case 'sent':
      return `Sent to ${topic} (${size}), at QoS 0: nobody says whether it arrived.`;
    case 'refused':
      return `The broker refused the message to ${topic}${why}. It is not published.`;
    case 'declined':
      return `Nothing was sent to ${topic}: the user did not agree.`;
    default:
      return `It is UNKNOWN whether the message to ${topic} was published${why}. It was sent once and will not be sent again by itself; find out whether it took effect before you repeat it.`;
  }
}
