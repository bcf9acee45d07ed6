/**
 * Tools of the registry. Schemas of built-in tools are converted when they are first needed (`tool-entry.ts`).
 * Arguments and results are checked on each call.
 */
import { toolResult, type ToolResult } from '../../declare/check/tool-result.ts';
import { asTidegateError, causeText, TidegateError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import { listedName } from '../../base/known-names.ts';
import { plainText } from '../../base/plain.ts';
import { shortened } from '../../base/text.ts';
import { type InputRequired, isInputRequired } from '../../calls/question-round.ts';
import { inAskingContext } from '../../calls/context.ts';
import type { HandlerDeps } from '../../calls/deps.ts';
import type { NeedsOf } from '../../calls/needs.ts';
import type { Caller } from '../../calls/caller.ts';
import { refusalResult, isForModel, refusedCall } from '../wire/errors.ts';
import { checkedArguments } from './arguments.ts';
import { type ListPage, listPageOf, PAGE_SIZE } from './pages.ts';
import { once } from './once.ts';
import {
  isSpecial,
  type ListedTool,
  type ToolEntry,
  toolEntryOf,
  type ToolListing,
  warnOfClients,
} from './tool-entry.ts';
import { isObject, type Params } from '../wire/params.ts';
import type { ParamHeader } from '../wire/param-headers.ts';
import type { SpecialResult, TaskSupport } from '../extension.ts';

export interface ToolRegistry {
  readonly size: number;
  list(cursor: string | undefined): ListPage<ToolListing>;
  /** Headers that have to repeat arguments of the tool. Empty for most tools, and for an unknown one. */
  paramHeaders(name: string): readonly ParamHeader[];
  /** Client capabilities that the tool cannot run without. Null for most tools, and for an unknown one. */
  requires(name: string): JsonObject | null;
  /** What a caller needs to call the tool with these arguments. Nothing for most tools, and for an unknown one. */
  scopesOf(name: string, args: unknown): readonly string[];
  /** Whether a call can be answered by a task of 2025-11-25, or has to be. Null: there is no such tool. */
  taskSupport(name: string): TaskSupport | 'forbidden' | null;
  /** Whether the tool says that it changes nothing. */
  isReadOnly(name: string): boolean;
  /**
   * Wrong arguments, and what the tool refuses or cannot do, are answered as results with `isError` that a model can
   * act on.
   * @throws TidegateError `not_found` for an unknown tool; `store_unavailable` and `store_unknown`; what is wrong with
   * a retry; `missing_capability` and `not_supported` for a tool that only some clients can call.
   */
  call(name: string, args: unknown, caller: Caller): Promise<ToolResult | InputRequired | SpecialResult>;
}

/** Longest list of arguments that an answer says were passed over. */
const NOTE_CHARACTERS = 300;
const NONE: readonly ParamHeader[] = [];

/**
 * @param builtIn tools whose schemas are known to be right, so that they are converted when first needed
 * @param unpaged names of tools whose results are never kept in pages
 * @param isPart true: the same tools were looked at before, in the registry of the whole app
 * @param needs what built-in tools need by their arguments, by the name of the tool
 * @throws TidegateError `invalid_config` naming the declared tool and the field whose schema MCP cannot show.
 */
export function createToolRegistry(
  deps: HandlerDeps,
  builtIn: ReadonlyMap<string, ListedTool>,
  declared: ReadonlyMap<string, ListedTool>,
  unpaged: ReadonlySet<string> = new Set(),
  needs: ReadonlyMap<string, NeedsOf<Params>> = new Map(),
  isPart = false,
): ToolRegistry {
  const tools = new Map([...builtIn, ...declared]);
  const entries = new Map<string, ToolEntry>();
  const listings = once(() => [...tools.keys()].flatMap((name) => find(name)?.listing ?? []));

  function find(name: string): ToolEntry | null {
    const made = entries.get(name);
    const tool = tools.get(name);
    if (made || !tool) return made ?? null;
    const entry = toolEntryOf(name, tool, !declared.has(name));
    entries.set(name, entry);
    return entry;
  }

  for (const name of declared.keys()) {
    const entry = find(name);
    if (entry && !isPart) warnOfClients(deps, entry.listing);
  }
  if (!isPart) warnOfPages(deps, tools.size);

  return {
    size: tools.size,
    list: (cursor) => listPageOf('tools', listings(), cursor),
    paramHeaders: (name) => find(name)?.headers ?? NONE,
    requires(name) {
      const tool = tools.get(name);
      return tool && !isSpecial(tool) ? (tool.clientCapabilities ?? null) : null;
    },
    taskSupport(name) {
      const tool = tools.get(name);
      if (!tool) return null;
      return (isSpecial(tool) ? tool.taskSupport : null) ?? 'forbidden';
    },
    scopesOf(name, args) {
      const entry = find(name);
      const { scopes = [] } = entry?.tool ?? {};
      const byArguments = needs.get(name);
      if (!entry || !byArguments) return scopes;
      const read = checkedArguments(entry.tool.input, args, entry.passesOver);
      // Wrong arguments need nothing: they are answered with what is wrong.
      return read.ok && isObject(read.input) ? [...scopes, ...byArguments(read.input)] : scopes;
    },
    isReadOnly: (name) => tools.get(name)?.annotations?.readOnlyHint === true,
    async call(name, args, caller) {
      const entry = find(name);
      if (!entry) throw unknownTool(name, listings());
      try {
        return await run(entry, args, unpaged.has(name) ? { ...deps, results: undefined } : deps, caller);
      } catch (thrown) {
        const error = asTidegateError(thrown);
        if (!isForModel(error)) throw error;
        const reference = deps.runtime.newId();
        if (error.code === 'internal' || error.code === 'invalid_config') logDefect(deps, name, error, reference);
        return refusalResult(error, reference);
      }
    },
  };
}

async function run(
  { tool, listing, passesOver }: ToolEntry,
  args: unknown,
  deps: HandlerDeps,
  caller: Caller,
): Promise<ToolResult | InputRequired | SpecialResult> {
  const { name } = listing;
  const read = checkedArguments(tool.input, args, passesOver);
  if (!read.ok) {
    const { field, expected, text } = read;
    return refusedCall(`Wrong arguments for ${name}:\n${text}`, { code: 'invalid_input', field, expected });
  }
  const { input, passedOver } = read;
  if (isSpecial(tool)) {
    const special = await tool.call({ args, input }, deps, caller);
    return 'content' in special ? kept(special, tool.outputSchema !== undefined) : special;
  }
  const once = tool.annotations?.readOnlyHint !== true;
  const answer = await inAskingContext(deps, caller, { method: 'tools/call', name, args, once }, (context) =>
    tool.run(input as never, context),
  );
  if (isInputRequired(answer)) return answer;
  return kept(toolResult(answer, tool.output, name), tool.output !== undefined);

  function kept(result: ToolResult, hasSchema: boolean): ToolResult | Promise<ToolResult> {
    const told = noted(result, name, passedOver);
    return deps.results ? deps.results.fit(told, hasSchema, caller) : told;
  }
}

/**
 * Tells which arguments did nothing, in both halves, and first of all: who asked with them reads the answer by it. Text that is JSON
 * stays by itself. The schemas of tools that pass over any allow further members.
 */
function noted(answer: ToolResult, name: string, passedOver: readonly string[]): ToolResult {
  if (passedOver.length === 0) return answer;
  const names = shortened(passedOver.map(plainText).join(', '), NOTE_CHARACTERS);
  const text = `Passed over, because ${name} has no such argument: ${names}`;
  const { structuredContent: structured, content } = answer;
  const [first, ...rest] = content;
  const isWords = first?.type === 'text' && !/^\s*[[{]/.test(first.text);
  return {
    ...answer,
    content: isWords ? [{ ...first, text: `${text}\n${first.text}` }, ...rest] : [{ type: 'text', text }, ...content],
    ...(isObject(structured) ? { structuredContent: { ...structured, argumentsNote: text } } : {}),
  };
}

/** @param shown to the caller */
function unknownTool(name: string, shown: readonly { name: string }[]): TidegateError {
  const names = shown.map((listed) => listed.name);
  return new TidegateError('not_found', `Unknown tool: ${name}`, {
    field: 'name',
    expected: listedName(name, names, 'the name of a tool that tools/list shows'),
  });
}

/** Told when the host is made: some clients read the first page of a list alone. */
function warnOfPages({ runtime }: HandlerDeps, count: number): void {
  if (count <= PAGE_SIZE) return;
  runtime.log(
    'warn',
    `the app has ${count} tools, of which clients that follow no nextCursor see the first ${PAGE_SIZE}: leave out built-in tools that are not needed (builtIns), or give callers a part by scopes`,
    { tools: count, page: PAGE_SIZE },
  );
}

function logDefect(deps: HandlerDeps, tool: string, error: TidegateError, reference: string): void {
  deps.runtime.log('error', `tool ${tool} failed: ${error.message}`, { tool, reference, cause: causeText(error) });
}
