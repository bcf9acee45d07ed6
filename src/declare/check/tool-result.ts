/**
 * Makes a tool's result from what a handler answered. It checks the answer, and adds a text for models where there is
 * none. This file is pure.
 */
import type * as z from 'zod';
import { TidegateError } from '../../base/errors.ts';
import { type Json, type JsonObject, sentJson } from '../../base/json.ts';
import { describeIssues, UNWORDED } from '../../base/schema/issue-words.ts';
import { describeShape } from '../../base/json-path.ts';
import type { ToolAnswer } from '../tool.ts';
import type { ContentBlock } from '../content.ts';
import { checkedBlocks } from './content.ts';

const OF_ANSWER = new Set(['text', 'content', 'isError', '_meta']);
const MOST_NAMED = 5;

export interface ToolResult {
  content: ContentBlock[];
  structuredContent?: Json;
  isError?: boolean;
  _meta?: JsonObject;
}

/** @throws TidegateError `internal` for an answer that the output schema does not allow. */
export function toolResult(answer: ToolAnswer | string, output: z.ZodType | undefined, name: string): ToolResult {
  if (typeof answer === 'string') {
    // Clients of the protocol fail where a tool with an output schema answers no structured content.
    if (output)
      throw defect(
        name,
        `answered a text alone, and declares \`output\`: answer { text, structured }, or { text, isError: true }`,
      );
    return { content: [{ type: 'text', text: answer }] };
  }
  // What is missing beside a declared output is said by its schema.
  const wrong = output ? wrongPart(answer) : notAnAnswer(answer);
  if (wrong !== null) throw defect(name, `${wrong}: answer a text, { text }, { structured } or { content }`);
  let structured = answer.structured as Json | undefined;
  const content: ContentBlock[] = answer.text === undefined ? [] : [{ type: 'text', text: answer.text }];
  if (answer.content) {
    const blocks = checkedBlocks(answer.content, 'content');
    if (typeof blocks === 'string') throw defect(name, `answered wrong content: ${blocks}`);
    content.push(...blocks);
  }
  if (output && (!answer.isError || structured !== undefined)) {
    const parsed = output.safeParse(structured, UNWORDED);
    if (!parsed.success && !answer.isError) {
      throw defect(name, misfit(answer, output, parsed.error), parsed.error);
    }
    // An error need not conform, but the official client of the 1.x line holds it to the schema, and would hide the error.
    if (!parsed.success) content.push({ type: 'text', text: sentJson(structured) });
    structured = parsed.success ? (parsed.data as Json) : undefined;
  }
  if (content.length === 0 && structured !== undefined) content.push({ type: 'text', text: sentJson(structured) });
  return {
    content,
    ...(structured === undefined ? {} : { structuredContent: structured }),
    ...(answer.isError ? { isError: true } : {}),
  };
}

/** What is wrong with what a handler answered, in which there is nothing for anybody. Null: nothing is. */
function notAnAnswer(answer: unknown): string | null {
  const wrong = wrongPart(answer);
  if (wrong !== null) return wrong;
  const { text, content, structured } = answer as ToolAnswer;
  if (text !== undefined || content !== undefined || structured !== undefined) return null;
  const fields = Object.keys(answer as ToolAnswer).filter((field) => !OF_ANSWER.has(field));
  return fields.length === 0 ? 'answered nothing' : `answered an object with ${fields.slice(0, MOST_NAMED).join(', ')}`;
}

/** What is wrong with the parts that every answer may have, which clients take no other form of. Null: nothing is. */
function wrongPart(answer: unknown): string | null {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer))
    return `answered ${describeShape(answer)}`;
  const { text, content } = answer as ToolAnswer;
  if (text !== undefined && typeof text !== 'string') return `answered a text that is ${describeShape(text)}`;
  if (content !== undefined && !Array.isArray(content)) return `answered content that is ${describeShape(content)}`;
  return null;
}

/** Says where an answer does not fit, without its values, which the log may not hold. */
function misfit({ structured, ...beside }: ToolAnswer, output: z.ZodType, error: z.ZodError): string {
  const what = 'answered what its output schema does not allow';
  const fields = Object.keys(beside).filter((name) => !OF_ANSWER.has(name));
  if (structured === undefined) {
    const moved = fields.length > 0 ? `, and ${fields.slice(0, MOST_NAMED).join(', ')} stand beside it` : '';
    return `${what}: there is no structured${moved}: answer { structured: { … } }`;
  }
  const { field, expected } = describeIssues(output, structured, error, 'structured');
  return `${what}: ${field}: expected ${expected}`;
}

function defect(name: string, what: string, cause?: unknown): TidegateError {
  return new TidegateError('internal', `the tool ${name} ${what}`, { cause });
}
