/** The tool `request`: it publishes one message and waits for the answers. */
import * as z from 'zod';
import type { OutletTool } from '../../declare/outlet.ts';
import type { MqttOutlet, MqttRequestOutcome } from '../mqtt-session/messages.ts';
import type { MqttRules } from './publish-rules.ts';
import { Outcome, outcomeText } from './publish-tool.ts';
import { describeTopics, shownRules } from './tool-texts.ts';
import { messageOf, messageShape } from './tool-input.ts';

const MOST_ANSWERS = 100;
const LONGEST_SECONDS = 25;
const DEFAULT_SECONDS = 5;

const Output = z.object({
  status: z.enum(['answered', 'partial', 'unanswered']).describe('partial: fewer answers than asked for'),
  feed: z.string(),
  answers: z.array(
    z.object({
      topic: z.string(),
      payload: z.unknown().describe('JSON where it is that, else text, else base64'),
      receivedAt: z.number().describe('Epoch ms'),
      contentType: z.string().optional(),
      userProperties: z.record(z.string(), z.string()).optional(),
    }),
  ),
  responseTopic: z.string().describe('Where answers were waited for'),
  correlated: z.boolean().describe('false: nothing but the topic says that an answer is to this request'),
  ignored: z.number().describe('Messages that came there and were no answers to this request'),
  waitedMs: z.number(),
  published: Outcome.describe('What became of the request itself'),
});

export function requestTool(outlets: ReadonlyMap<string, MqttRules>): OutletTool {
  const shown = shownRules(outlets, ({ answers }) => answers !== null);
  return {
    title: 'Request',
    description: [
      'Publishes one message, and waits for the answers to it. It is sent once, whatever becomes of the answers.',
      describeTopics(shown, new Set(shown.map(({ feed }) => feed)).size > 1),
    ].join('\n'),
    input: z.strictObject({
      ...messageShape(outlets, shown),
      responseTopic: z
        .string()
        .min(1)
        .optional()
        .describe('Where to wait for answers, within what is declared; default: made from the topic'),
      answers: z.int().min(1).max(MOST_ANSWERS).default(1).describe('Answer as soon as there are so many'),
      seconds: z
        .number()
        .min(0.001)
        .max(LONGEST_SECONDS)
        .default(DEFAULT_SECONDS)
        .describe('Longest wait for them, from the moment that the message is sent'),
    }),
    output: Output,
    async run(input: Readonly<Record<string, unknown>> & { seconds: number }, feeds) {
      const { seconds, ...rest } = input;
      const { feed, message } = messageOf(rest, shown);
      const timeoutMs = Math.max(1, Math.round(seconds * 1_000));
      const outcome = await feeds.request<MqttOutlet>(feed, { ...message, timeoutMs });
      const answers = outcome.answers.map(({ text: _text, retained: _retained, ...answer }) => answer);
      const failed = outcome.status === 'unanswered' && outcome.published.status !== 'declined';
      return {
        text: requestText(outcome),
        structured: { feed, ...outcome, answers },
        ...(failed ? { isError: true } : {}),
      };
    },
  };
}

function requestText({ status, published, responseTopic, answers, ignored, waitedMs }: MqttRequestOutcome): string {
  if (published.status === 'declined') return outcomeText(published);
  const others =
    ignored === 0 ? [] : [`${ignored} message(s) there were no answers to this request, and are left out.`];
  if (status === 'unanswered') {
    const waited = `No answer on ${responseTopic} within ${waitedMs} ms.`;
    return [outcomeText(published), ...(published.status === 'refused' ? [] : [waited]), ...others].join('\n');
  }
  return [
    ...answers.map(({ topic, payload }) => `${topic}: ${JSON.stringify(payload)}`),
    ...(status === 'partial' ? [`${answers.length} answer(s) within ${waitedMs} ms, fewer than asked for.`] : []),
    ...others,
  ].join('\n');
}
