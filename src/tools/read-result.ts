/** Reads pages of kept results: as resources, and with a tool for clients that read no resources. */
import * as z from 'zod';
import { type Resource, resource } from '../declare/resource.ts';
import { type Tool, tool } from '../declare/tool.ts';
import { storeOf } from '../calls/context.ts';
import { READ_ONLY } from '../calls/schemas.ts';
import { type Results } from '../calls/results.ts';
import { resultUri } from '../calls/result-answer.ts';

/** A page never changes. */
const CACHE = { ttlMs: 300_000, cacheScope: 'private' } as const;

/** One call to the store. */
function resultResource(results: Results): Resource {
  return resource({
    uri: 'result://{handle}/{page}',
    title: 'Page of a large answer',
    description: "A page, from 1 on, of a tool's answer that was too large for one; the answer told its handle",
    cache: CACHE,
    async read({ handle, page }, context) {
      const { pages: _pages, ...contents } = await results.page(handle, page, context.principal, storeOf(context));
      return [{ uri: context.uri, ...contents }];
    },
  });
}

const Input = z.strictObject({
  handle: z.string().min(1).max(512).describe('As the large answer told it'),
  page: z.int().min(1).default(1).describe('From 1 on, default 1'),
});

/** One call to the store. */
function readResultTool(results: Results): Tool {
  return tool({
    title: 'Read a large answer',
    description: 'A page of an answer that was too large for one.',
    input: Input,
    annotations: READ_ONLY,
    async run({ handle, page }, context) {
      const found = await results.page(handle, String(page), context.principal, storeOf(context));
      const { pages, mimeType } = found;
      const text = `Page ${page} of ${pages}, ${mimeType}${page < pages ? '' : ', the last one'}:`;
      if ('text' in found) return { text, content: [{ type: 'text', text: found.text }] };
      const uri = resultUri(handle, page);
      return { text, content: [{ type: 'resource', resource: { uri, mimeType, blob: found.blob } }] };
    },
  });
}

/** What reads kept results: a tool, whose own results are never kept in pages, and a resource. */
export function resultReaders(results: Results): {
  tools: Record<string, Tool>;
  resources: Record<string, Resource>;
  unpaged: readonly string[];
} {
  const tools = { read_result: readResultTool(results) };
  return { tools, resources: { result_page: resultResource(results) }, unpaged: Object.keys(tools) };
}
