/**
 * Makes a tool's result from what a handler answered. It checks the answer, and adds a text for models where there is
 * none. This file is pure.
 */
import type * as z from 'zod';
import { TidegateError } from '../../base/errors.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import type { ToolAnswer } from '../tool.ts';
import type { ContentBlock } from '../content.ts';

export interface ToolResult {
  content: ContentBlock[];
  structuredContent?: Json;
  isError?: boolean;
  _meta?: JsonObject;
}

/** @throws TidegateError `internal` for an answer that the output schema does not allow. */
export function toolResult(answer: ToolAnswer | string, output: z.ZodType | undefined, name: string): ToolResult {
  if (typeof answer === 'string') return { content: [{ type: 'text', text: answer }] };
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
