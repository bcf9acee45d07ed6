/** What a task answered, whole in both halves of an answer. Pure. */
import { sentJson } from '../../base/json.ts';
import * as z from 'zod';
import type { ContentBlock } from '../../declare/content.ts';
import type { Header } from '../../tasks/records/header.ts';
import { resultOf } from './view.ts';

const Beside = z.object({
  type: z.string(),
  uri: z.string().optional(),
  name: z.string().optional(),
  mimeType: z.string().optional(),
  text: z.string().optional(),
});

export const TaskAnswer = z.object({
  result: z.unknown().optional().describe('Its structured answer, where it has one'),
  text: z.string().optional().describe('What it answered in words'),
  beside: z.array(Beside).optional().describe('What it answered that is neither: links, files, images'),
  isError: z.boolean().optional().describe('True: it ended, and its result says what went wrong'),
});

/** As data. Of an image there is no more than that it is there. */
export function answerOf({ result }: Pick<Header, 'result'>): z.input<typeof TaskAnswer> {
  if (result === null) return {};
  const { content, structuredContent, isError } = result;
  const texts = content.flatMap((block) => (block.type === 'text' ? [block.text] : []));
  const beside = content.flatMap((block) => (block.type === 'text' ? [] : [besideOf(block)]));
  return {
    ...(structuredContent === undefined ? {} : { result: structuredContent }),
    ...(texts.length === 0 ? {} : { text: texts.join('\n') }),
    ...(beside.length === 0 ? {} : { beside }),
    ...(isError ? { isError } : {}),
  };
}

/** As content: its own blocks, and the JSON of what is structured where none of them is that. */
export function answerContent(taskId: string, header: Header): ContentBlock[] {
  if (header.status !== 'completed') return [];
  const { content } = resultOf(taskId, header);
  const structured = header.result?.structuredContent;
  const json = structured === undefined ? null : sentJson(structured);
  if (json === null || content.some((block) => block.type === 'text' && block.text === json)) return content;
  return [...content, { type: 'text', text: `As data: ${json}` }];
}

function besideOf(block: Exclude<ContentBlock, { type: 'text' }>): z.input<typeof Beside> {
  switch (block.type) {
    case 'resource': {
      const { uri, mimeType, text } = block.resource as { uri: string; mimeType?: string; text?: string };
      return { type: block.type, uri, ...(mimeType ? { mimeType } : {}), ...(text === undefined ? {} : { text }) };
    }
    case 'resource_link': {
      const { type, uri, name, mimeType } = block;
      return { type, uri, name, ...(mimeType ? { mimeType } : {}) };
    }
    default:
      return { type: block.type, mimeType: block.mimeType };
  }
}
