/** The tool `request`: it publishes one message and waits for the answers. */
import * as z from 'zod';
import type { OutletTool } from '../../declare/outlet.ts';
import { isoTime } from '../../base/time/time-text.ts';
import type { MqttInbound, MqttOutlet, MqttRequestOutcome } from '../mqtt-session/messages.ts';
import type { MqttRules } from './publish-rules.ts';
import { Outcome, outcomeText } from './publish-tool.ts';
import { describeTopics, shownRules } from './tool-texts.ts';
import { messageOf, messageShape } from './tool-input.ts';
import { inLines, jsonText, plainText } from '../../base/plain.ts';

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
      receivedAt: z.string().describe('ISO 8601'),
      contentType: z.string().optional(),
      // Taken as they are: a record would lose a property named `__proto__`.
      userProperties: z.unknown().describe('Texts by their names').optional(),
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
    feeds: [...new Set(shown.map(({ feed }) => feed))],
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
      const answers = outcome.answers.map(({ text: _text, retained: _retained, receivedAt, ...answer }) => ({
        ...answer,
        receivedAt: isoTime(receivedAt),
      }));
      const failed = outcome.status === 'unanswered' && outcome.published.status !== 'declined';
      return {
        text: requestText(outcome),
        structured: { feed, ...outcome, answers },
        ...(failed ? { isError: true } : {}),
      };
    },
  };
}

/** What it says as data says it in words too: some clients give a model the one, some the other. */
function requestText(outcome: MqttRequestOutcome): string {
  const { status, published, responseTopic, answers, correlated, ignored, waitedMs } = outcome;
  if (published.status === 'declined') return outcomeText(published);
  const others =
    ignored === 0 ? [] : [`${ignored} message(s) there were no answers to this request, and are left out.`];
  if (status === 'unanswered') {
    const waited = `No answer on ${responseTopic} within ${waitedMs} ms.`;
    return inLines([outcomeText(published), ...(published.status === 'refused' ? [] : [waited]), ...others]);
  }
  return inLines([
    ...answers.map(answerLine),
    `Waited ${waitedMs} ms for answers on ${responseTopic}.`,
    ...(correlated ? [] : ['Nothing but the topic says that what came there is an answer to this request.']),
    ...(status === 'partial' ? [`${answers.length} answer(s), fewer than asked for.`] : []),
    ...others,
    outcomeText(published),
  ]);
}

function answerLine({ topic, payload, receivedAt, contentType, userProperties }: MqttInbound): string {
  const more = { ...(contentType === undefined ? {} : { contentType }), ...(userProperties && { userProperties }) };
  const context = Object.keys(more).length === 0 ? '' : ` ${jsonText(more)}`;
  return `${isoTime(receivedAt)} ${plainText(topic)}: ${jsonText(payload)}${context}`;
}
