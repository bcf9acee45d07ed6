/** Reads pages of kept results: as resources, and with a tool for clients that read no resources. */
import * as z from 'zod';
import type { App } from '../declare/app.ts';
import type { ContentBlock } from '../declare/content.ts';
import { type Resource, resource } from '../declare/resource.ts';
import { type Tool, tool } from '../declare/tool.ts';
import { storeOf } from '../calls/context.ts';
import { callLine, callsTo, type NextCall } from '../calls/next-call.ts';
import { READ_ONLY } from '../calls/schemas.ts';
import { type Results } from '../calls/results.ts';
import { resultUri } from '../calls/result-answer.ts';
import { partOf } from '../calls/text-part.ts';

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
  handle: z.string().min(1).max(512),
  page: z.int().min(1).default(1).describe('From 1 on'),
  /** Characters to leave out: the call that an answer prints has them. */
  from: z.int().min(0).default(0),
  limit: z.int().min(1).optional().describe('Most characters'),
});

/**
 * One call to the store. A page of a text is larger than what a client takes by default, and comes in parts; a page of a file
 * comes whole, because no part of it is of use to a model.
 */
function readResultTool(results: Results, { toolNames }: Pick<App, 'toolNames'>): Tool {
  return tool({
    title: 'Read a large answer',
    description: 'A page of an answer that was too large for one.',
    input: Input,
    annotations: READ_ONLY,
    async run({ handle, page, from, limit }, context) {
      const found = await results.page(handle, String(page), context.principal, storeOf(context));
      const { pages, mimeType } = found;
      const head = `Page ${page} of ${pages}, ${mimeType}${page < pages ? '' : ', the last one'}`;
      const sized = limit === undefined ? {} : { limit };
      const next =
        page < pages ? callsTo('Next page', toolNames.read_result, { handle, page: page + 1, ...sized }) : [];
      if (!('text' in found)) {
        const resource = { uri: resultUri(handle, page), mimeType, blob: found.blob };
        return { text: `${head}:`, content: [{ type: 'resource', resource }, ...next.map(callBlock)] };
      }
      const part = partOf(found.text, from, limit);
      const rest = { handle, page, from: part.next, ...sized };
      const goesOn = part.next === null ? next : callsTo('Next page', toolNames.read_result, rest);
      return { text: `${head}${part.told}:`, content: [{ type: 'text', text: part.text }, ...goesOn.map(callBlock)] };
    },
  });
}

function callBlock(call: NextCall): ContentBlock {
  return { type: 'text', text: callLine(call) };
}

/** What reads kept results: a tool, whose own results are never kept in pages, and a resource. */
export function resultReaders(
  results: Results,
  app: Pick<App, 'toolNames'>,
): {
  tools: Record<string, Tool>;
  resources: Record<string, Resource>;
  unpaged: readonly string[];
} {
  const tools = { read_result: readResultTool(results, app) };
  return { tools, resources: { result_page: resultResource(results) }, unpaged: Object.keys(tools) };
}
