/**
 * What earlier revisions do not know, in a form that they do: a link to a resource is a text before 2025-06-18, and so is
 * sound before 2025-03-26, whose clients refuse the whole answer otherwise. Pure.
 */
import type { ContentBlock } from '../../declare/content.ts';
import { isObject } from './params.ts';

/** The first revision that knows a type of content. Revisions are dates, so their order is that of texts. */
const SINCE: Readonly<Record<string, string>> = { resource_link: '2025-06-18', audio: '2025-03-26' };

/** What a request over HTTP speaks that does not say it (2025-03-26 and before have no header for it). */
export const UNSAID_VERSION = '2025-03-26';

/** The result of a tool or prompt as a client of this revision can read it. */
export function forRevision(result: object, version: string): object {
  if (version >= '2025-06-18') return result;
  const { content, messages } = result as { content?: unknown; messages?: unknown };
  if (Array.isArray(content)) {
    const blocks = content as ContentBlock[];
    return blocks.some((block) => isUnknown(block, version))
      ? { ...result, content: blocks.map((block) => readable(block, version)) }
      : result;
  }
  if (!Array.isArray(messages)) return result;
  return {
    ...result,
    messages: messages.map((message: unknown) =>
      isObject(message) && isObject(message['content'])
        ? { ...message, content: readable(message['content'] as unknown as ContentBlock, version) }
        : message,
    ),
  };
}

function isUnknown({ type }: ContentBlock, version: string): boolean {
  return version < (SINCE[type] ?? '');
}

function readable(block: ContentBlock, version: string): ContentBlock {
  if (!isUnknown(block, version)) return block;
  const { annotations } = block;
  return { type: 'text', text: textOf(block), ...(annotations === undefined ? {} : { annotations }) };
}

function textOf(block: ContentBlock): string {
  if (block.type === 'resource_link') {
    const { name, title = name, uri, description, mimeType } = block;
    const about = [description, mimeType].filter((text) => text !== undefined).join(', ');
    return `${title}: ${uri}${about === '' ? '' : ` (${about})`}`;
  }
  return `${block.type}: of a kind that this protocol version cannot carry`;
}
