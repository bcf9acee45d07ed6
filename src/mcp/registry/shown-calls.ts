/**
 * Leaves calls out of answers that name a tool which the app hides: a model would call what is not there. They stand as
 * `nextCalls` in the structured content, and as lines in the text. Pure.
 */
import type { ToolResult } from '../../declare/check/tool-result.ts';
import type { ContentBlock } from '../../declare/content.ts';
import { callLine, type NextCall } from '../../calls/next-call.ts';
import type { ToolRegistry } from './tools.ts';

type Answer = Awaited<ReturnType<ToolRegistry['call']>>;

/**
 * @param hidden names of tools that come with the package
 * @param isOurs whether the server wrote the answers of a tool, and not the app
 */
export function withShownCalls(
  tools: ToolRegistry,
  hidden: ReadonlySet<string>,
  isOurs: (tool: string) => boolean,
): ToolRegistry {
  if (hidden.size === 0) return tools;
  return {
    ...tools,
    async call(name, args, caller) {
      const answer = await tools.call(name, args, caller);
      return isOurs(name) ? withoutHidden(answer, hidden) : answer;
    },
  };
}

function withoutHidden(answer: Answer, hidden: ReadonlySet<string>): Answer {
  if (!('content' in answer)) return answer;
  const { structuredContent: structured } = answer;
  if (typeof structured !== 'object' || structured === null || Array.isArray(structured)) return answer;
  const { nextCalls, ...rest } = structured;
  const calls = (nextCalls ?? []) as unknown as NextCall[];
  const shown = calls.filter(({ tool }) => !hidden.has(tool));
  if (shown.length === calls.length) return answer;
  const lines = new Set(calls.filter((call) => !shown.includes(call)).map(callLine));
  return {
    ...answer,
    content: answer.content.map((block) => withoutLines(block, lines)),
    structuredContent: { ...rest, ...(shown.length === 0 ? {} : { nextCalls: shown }) },
  } as ToolResult;
}

function withoutLines(block: ContentBlock, lines: ReadonlySet<string>): ContentBlock {
  if (block.type !== 'text') return block;
  const text = block.text
    .split('\n')
    .filter((line) => !lines.has(line))
    .join('\n');
  return { ...block, text };
}
