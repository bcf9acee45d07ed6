/**
 * A result that is larger than what a client gives a model by default comes in parts of its text, each whole in both halves of
 * an answer. Who asks for so many characters gets it as it is. Pure.
 */
import * as z from 'zod';
import type { ContentBlock } from '../../declare/content.ts';
import { jsonBytes, sentJson } from '../../base/json.ts';
import { hasEnded } from '../../tasks/records/header.ts';
import { callsTo } from '../../calls/next-call.ts';
import { HALF_BYTES } from '../../calls/halves.ts';
import { partOf } from '../../calls/text-part.ts';
import { callsMeanwhile, pageCalls } from './next-calls.ts';
import type { SeenTask } from './seen-task.ts';
import { answerContent, answerOf, type TaskAnswer } from './task-result.ts';
import { inBothHalves, stateLines, stateOf } from './task-state.ts';

export const ResultPart = z.object({
  part: z
    .object({ text: z.string(), mimeType: z.string() })
    .optional()
    .describe('Of a result too large for one answer'),
});

/** Kept free beside a result, for the times, the note and the next calls. */
const AROUND_BYTES = 1_500;

/** What an ended task answered, or a part of it; of another, how it is. @param limit most characters */
export function resultAnswer(seen: SeenTask, from: number, limit: number | undefined) {
  const { taskId, header } = seen;
  const { pages } = header;
  const state = { ...stateOf(seen), pages: hasEnded(header) ? pages : null };
  const answer = answerOf(header);
  const paged = pages === 0 ? [] : [`The result has ${pages} pages.`];
  const calls = pages === 0 ? callsMeanwhile(seen) : pageCalls('First page', seen, 1);
  const { text, mimeType } = textOf(answer);
  const isLarge = jsonBytes([state, answer]) > HALF_BYTES - AROUND_BYTES;
  if (!isLarge || (from === 0 && limit !== undefined && limit >= text.length)) {
    return {
      ...inBothHalves([...stateLines(seen), ...paged], calls, { ...state, ...answer }),
      content: answerContent(taskId, header),
    };
  }
  const beside = from === 0 ? besideText(answerContent(taskId, header)) : [];
  const part = partOf(text, from, limit, jsonBytes([state, calls, beside]));
  const note = `Of its result, ${mimeType}${part.told}.`;
  const rest =
    part.next === null
      ? []
      : callsTo('Rest', seen.names.get_task, {
          task: taskId,
          from: part.next,
          ...(limit === undefined ? {} : { limit }),
        });
  const structured = { ...state, part: { text: part.text, mimeType }, note };
  return {
    ...inBothHalves([...stateLines(seen), ...paged, note], [...rest, ...calls], structured),
    content: [{ type: 'text' as const, text: part.text }, ...beside],
  };
}

/** A text alone as it stands; what is more, as JSON, in which the words stand first. */
function textOf(answer: z.input<typeof TaskAnswer>): { text: string; mimeType: string } {
  const { result, ...words } = answer;
  const { text, ...more } = words;
  return text !== undefined && result === undefined && Object.keys(more).length === 0
    ? { text, mimeType: 'text/plain' }
    : { text: sentJson({ ...words, result }), mimeType: 'application/json' };
}

/** Links, images and files. Texts stand in the parts. */
function besideText(content: readonly ContentBlock[]): ContentBlock[] {
  return content.filter(
    (block) => block.type !== 'text' && !(block.type === 'resource' && block.resource.text !== undefined),
  );
}
