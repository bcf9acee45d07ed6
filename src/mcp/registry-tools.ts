/** Tools of the registry: schemas converted and list entries built once; arguments and results checked on each call. */
import type * as z from 'zod';
import type { ContentBlock, Tool, ToolAnnotations, ToolAnswer } from '../core/declaration/handlers.ts';
import { asTidegateError, TidegateError } from '../core/errors.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { type InputRequired, isInputRequired } from './asking.ts';
import { type Caller, type HandlerDeps, inAskingContext } from './call-context.ts';
import { failureText, isForModel } from './errors.ts';
import { checkObjectSchema, describeIssues, NO_ARGUMENTS, objectSchema } from './json-schema.ts';
import { type Page, pageOf } from './pages.ts';
import { type ParamHeader, paramHeaders } from './param-headers.ts';

/** A tool as `tools/list` shows it. */
export interface ToolListing {
  name: string;
  title?: string;
  description: string;
  inputSchema: JsonObject;
  outputSchema?: JsonObject;
  annotations?: ToolAnnotations;
}

export interface ToolResult {
  content: ContentBlock[];
  structuredContent?: Json;
  isError?: boolean;
}

export interface ToolRegistry {
  readonly size: number;
  list(cursor: string | undefined): Page<ToolListing>;
  /** Headers that have to repeat arguments of this tool; empty for most, and for an unknown one. */
  paramHeaders(name: string): readonly ParamHeader[];
  /** Client capabilities that the tool cannot run without; null for most, and for an unknown one. */
  requires(name: string): JsonObject | null;
  /**
   * Wrong arguments, and what the tool refuses or cannot do, are results with `isError` that the model can act on.
   * @throws TidegateError `not_found` for an unknown tool; `store_unavailable` and `store_unknown` as they are, and what
   * is wrong with a retry.
   */
  call(name: string, args: unknown, caller: Caller): Promise<ToolResult | InputRequired>;
}

interface Entry {
  tool: Tool;
  listing: ToolListing;
  headers: readonly ParamHeader[];
}

const NONE: readonly ParamHeader[] = [];

/** @throws TidegateError `invalid_config` naming the tool and the field whose schema MCP cannot show. */
export function createToolRegistry(deps: HandlerDeps, tools: ReadonlyMap<string, Tool>): ToolRegistry {
  const entries = new Map([...tools].map(([name, tool]) => [name, entryOf(name, tool)] as const));
  const listings = [...entries.values()].map(({ listing }) => listing);

  return {
    size: listings.length,
    list: (cursor) => pageOf('tools', listings, cursor),
    paramHeaders: (name) => entries.get(name)?.headers ?? NONE,
    requires: (name) => entries.get(name)?.tool.clientCapabilities ?? null,
    async call(name, args, caller) {
      const entry = entries.get(name);
      if (!entry) throw unknownTool(name);
      try {
        return await run(entry, args, deps, caller);
      } catch (thrown) {
        const error = asTidegateError(thrown);
        if (!isForModel(error)) throw error;
        const reference = deps.runtime.newId();
        if (error.code === 'internal' || error.code === 'invalid_config') logDefect(deps, name, error, reference);
        return refusal(failureText(error, reference));
      }
    },
  };
}

function entryOf(name: string, tool: Tool): Entry {
  const path = `tools.${name}`;
  const inputSchema = tool.inputJsonSchema
    ? checkObjectSchema(tool.inputJsonSchema, `${path}.inputJsonSchema`)
    : tool.input
      ? objectSchema(tool.input, 'input', `${path}.input`)
      : NO_ARGUMENTS;
  return {
    tool,
    headers: paramHeaders(inputSchema, name),
    listing: {
      name,
      ...(tool.title === undefined ? {} : { title: tool.title }),
      description: tool.description,
      inputSchema,
      ...(tool.output ? { outputSchema: objectSchema(tool.output, 'output', `${path}.output`) } : {}),
      ...(tool.annotations ? { annotations: tool.annotations } : {}),
    },
  };
}

async function run(
  { tool, listing }: Entry,
  args: unknown,
  deps: HandlerDeps,
  caller: Caller,
): Promise<ToolResult | InputRequired> {
  let input: unknown = args ?? {};
  if (tool.input) {
    const parsed = tool.input.safeParse(input);
    if (!parsed.success) return refusal(`Wrong arguments for ${listing.name}:\n${describeIssues(parsed.error).text}`);
    input = parsed.data;
  }
  const { name } = listing;
  const once = tool.annotations?.readOnlyHint !== true;
  const answer = await inAskingContext(deps, caller, { method: 'tools/call', name, args, once }, (context) =>
    tool.run(input as never, context),
  );
  if (isInputRequired(answer)) return answer;
  if (typeof answer === 'string') return { content: [{ type: 'text', text: answer }] };
  return resultOf(answer, tool.output, name);
}

function resultOf(answer: ToolAnswer, output: z.ZodType | undefined, name: string): ToolResult {
  let structured = answer.structured as Json | undefined;
  if (output && !answer.isError) {
    const parsed = output.safeParse(structured);
    if (!parsed.success) {
      throw new TidegateError('internal', `the tool ${name} answered what its output schema does not allow`, {
        cause: parsed.error,
      });
    }
    structured = parsed.data as Json;
  }
  const content: ContentBlock[] = answer.text === undefined ? [] : [{ type: 'text', text: answer.text }];
  if (answer.content) content.push(...answer.content);
  if (content.length === 0 && structured !== undefined)
    content.push({ type: 'text', text: JSON.stringify(structured) });
  return {
    content,
    ...(structured === undefined ? {} : { structuredContent: structured }),
    ...(answer.isError ? { isError: true } : {}),
  };
}

function refusal(text: string): ToolResult {
  return { content: [{ type: 'text', text }], isError: true };
}

function unknownTool(name: string): TidegateError {
  return new TidegateError('not_found', `Unknown tool: ${name}`, {
    field: 'name',
    expected: 'the name of a tool that tools/list shows',
  });
}

function logDefect(deps: HandlerDeps, tool: string, error: TidegateError, reference: string): void {
  const cause = error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : error.message;
  deps.runtime.log('error', `tool ${tool} failed: ${error.message}`, { tool, reference, cause });
}
