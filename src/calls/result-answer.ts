/** What is answered in place of a result that is kept in pages: a summary, its beginning, and links to the pages. Pure. */
import type { ContentBlock } from '../declare/content.ts';
import type { ToolResult } from '../declare/check/tool-result.ts';
import { type Json, type JsonObject, utf8Bytes } from '../base/json.ts';
import { isoTime } from '../base/time/time-text.ts';
import type { ResultPage } from './names.ts';
import { callLine, callsTo, type NextCall } from './next-call.ts';
import type { SplitResult } from './result-pages.ts';
import { inLines } from '../base/plain.ts';

/** The key of `_meta` under which programs find the handle. */
export const RESULT_META = 'io.tidegate/result';

/** Most links in an answer. The URIs of further pages follow from them. */
const MOST_LINKS = 20;

export function resultUri(handle: string, page: number): string {
  return `result://${handle}/${page}`;
}

interface Answering {
  hasSchema: boolean;
  /** The name of the tool that reads pages; null: they are read as resources alone. */
  reader: string | null;
  /** Bytes of an answer that is not kept in pages. */
  most: number;
  /** How long the pages are kept, epoch ms. */
  until: number;
}

/**
 * The call that reads the first page stands in the text, and in a structured answer that no schema binds. Without it a model
 * that is given the structured answer alone would not learn that there is a text in pages.
 */
export function pagedAnswer(split: SplitResult, handle: string, { hasSchema, ...answering }: Answering): ToolResult {
  const { bytes, structured, pages } = split;
  const { most, until } = answering;
  const breaksSchema = hasSchema && !split.isError && structured === undefined;
  const calls = callsTo('First page', answering.reader, { handle, page: 1 });
  const { listed, links } = linksTo(split, handle);
  const summary = [
    `The answer has ${bytes} bytes, more than the ${most} of one answer. It is kept whole, until ${isoTime(until)}.`,
    ...(breaksSchema ? ['The call itself was done: do not repeat it for the sake of its answer.'] : []),
    ...(split.isStructuredPaged && structured !== undefined
      ? ['The structured content of this answer is whole, too.']
      : []),
    ...listed,
    `The first page is the resource ${resultUri(handle, 1)}.`,
    ...calls.map(callLine),
    'What follows is the beginning, and what there is room for.',
  ];
  const meta: JsonObject = { [RESULT_META]: { handle, pages: pages.length, bytes, expiresAt: until } };
  return {
    content: [{ type: 'text', text: inLines(summary) }, ...split.content, ...links],
    ...(structured === undefined ? {} : { structuredContent: hasSchema ? structured : withCalls(structured, calls) }),
    ...(split.isError || breaksSchema ? { isError: true } : {}),
    _meta: meta,
  };
}

/** What stands in place of pages that could not be kept, where the structured answer is whole all the same. */
export function unkeptAnswer({ bytes, structured, content }: SplitResult, most: number): ToolResult {
  const summary = [
    `The answer has ${bytes} bytes, more than the ${most} of one answer, and its pages could not be kept.`,
    'The call itself was done. The structured content of this answer is whole; here is the beginning of its text.',
  ];
  return {
    content: [{ type: 'text', text: inLines(summary) }, ...content],
    ...(structured === undefined ? {} : { structuredContent: structured }),
  };
}

/** Says which pages hold what, and links to the first of them. */
function linksTo({ items, pages }: SplitResult, handle: string): { listed: string[]; links: ContentBlock[] } {
  let next = 1;
  const links: ContentBlock[] = [];
  const listed = items.map(({ name, mimeType, pages: count }) => {
    const [from, to] = [next, next + count - 1];
    for (let page = from; page <= to && links.length < MOST_LINKS; page += 1) {
      const link = {
        uri: resultUri(handle, page),
        name: `page ${page} of ${pages.length}`,
        description: name,
        mimeType,
      };
      links.push({ type: 'resource_link', ...link, size: sizeOf(pages[page - 1]) });
    }
    next = to + 1;
    return `${from === to ? `Page ${from}` : `Pages ${from} to ${to}`}: ${name}, ${mimeType}.`;
  });
  return { listed, links };
}

function withCalls(structured: Json, calls: readonly NextCall[]): Json {
  if (typeof structured !== 'object' || structured === null || Array.isArray(structured)) return structured;
  if (calls.length === 0 || 'nextCalls' in structured) return structured;
  return { ...structured, nextCalls: JSON.parse(JSON.stringify(calls)) as Json };
}

/** Bytes of a page, before any encoding. */
function sizeOf(page: ResultPage | undefined): number {
  if (page === undefined) return 0;
  return 'text' in page ? utf8Bytes(page.text) : Math.floor((page.blob.replace(/=+$/, '').length * 3) / 4);
}
