/** What is answered in place of a result that is kept in pages: a summary, its beginning, and links to the pages. Pure. */
import type { ContentBlock } from '../declare/content.ts';
import type { ToolResult } from '../declare/check/tool-result.ts';
import { type JsonObject, utf8Bytes } from '../base/json.ts';
import type { ResultPage } from './names.ts';
import type { SplitResult } from './result-pages.ts';

/** The key of `_meta` under which programs find the handle. */
export const RESULT_META = 'io.tidegate/result';

/** Most links in an answer. The URIs of further pages follow from them. */
const MOST_LINKS = 20;

export function resultUri(handle: string, page: number): string {
  return `result://${handle}/${page}`;
}

export function pagedAnswer(
  split: SplitResult,
  handle: string,
  hasSchema: boolean,
  { most, until }: { most: number; until: number },
): ToolResult {
  const { bytes, structured, items, pages } = split;
  const breaksSchema = hasSchema && !split.isError && structured === undefined;
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
  const summary = [
    `The answer has ${bytes} bytes, more than the ${most} of one answer. It is kept whole, until ${new Date(until).toISOString()}.`,
    ...(breaksSchema ? ['The call itself was done: do not repeat it for the sake of its answer.'] : []),
    ...listed,
    `Read a page with read_result ${JSON.stringify({ handle, page: 1 })}, or as the resource ${resultUri(handle, 1)}.`,
    'What follows is the beginning, and what there is room for.',
  ];
  const meta: JsonObject = { [RESULT_META]: { handle, pages: pages.length, bytes, expiresAt: until } };
  return {
    content: [{ type: 'text', text: summary.join('\n') }, ...split.content, ...links],
    ...(structured === undefined ? {} : { structuredContent: structured }),
    ...(split.isError || breaksSchema ? { isError: true } : {}),
    _meta: meta,
  };
}

/** Bytes of a page, before any encoding. */
function sizeOf(page: ResultPage | undefined): number {
  if (page === undefined) return 0;
  return 'text' in page ? utf8Bytes(page.text) : Math.floor((page.blob.replace(/=+$/, '').length * 3) / 4);
}
