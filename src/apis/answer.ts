/**
 * Makes a tool's answer of an API's answer: picks the value, checks it by the tool's schema, and adds a text for
 * people.
 */
import { parseAsAsked } from '../base/schema/as-asked.ts';
import type { ToolAnswer } from '../declare/tool.ts';
import type { HttpAnswer } from '../declare/http-api.ts';
import { hasNonFinite, type Json } from '../base/json.ts';
import { describeShape, readPath } from '../base/json-path.ts';
import { describeIssues, type Refused, UNWORDED } from '../base/schema/issue-words.ts';
import { structuredText } from './answer-text.ts';
import { ofAnswer } from './declared-function.ts';
import type { Call } from './call.ts';
import { type Failed, unexpected } from './failure.ts';

/** What is kept of an answer, and what the answer is made of again when it comes from the store. */
export interface Made {
  ok: true;
  /** The value before the schema has checked it. Undefined: the answer is a text. */
  structured?: Json;
  text?: string;
}

const TEXT_CHARACTERS = 100_000;

/** The value that `pick` finds in a body. */
export function picked(call: Call, answer: HttpAnswer): { ok: true; value: unknown } | Failed {
  const found = valueIn(call, answer);
  if (!found.ok || !hasNonFinite(found.value)) return found;
  return unexpected(call.settings, 'a number beyond those that a double holds', call.secrets);
}

function valueIn(call: Call, answer: HttpAnswer): { ok: true; value: unknown } | Failed {
  const { pick } = call.spec;
  if (typeof pick !== 'function') {
    const value = readPath(answer.body, pick ?? '');
    if (value !== undefined) return { ok: true, value };
    return unexpected(call.settings, `nothing at ${pick}, but ${describeShape(answer.body)}`, call.secrets);
  }
  return ofAnswer(call, 'pick', answer.body, () => pick(answer.body, answer));
}

/** A picked value in the form that MCP takes, which is an object. */
export function madeOf({ spec, schema }: Call, value: unknown): Made {
  if (spec.format === 'text' && typeof value === 'string' && schema === null) {
    return {
      ok: true,
      text: value.length > TEXT_CHARACTERS ? `${value.slice(0, TEXT_CHARACTERS)}\n(cut here)` : value,
    };
  }
  if (Array.isArray(value)) return { ok: true, structured: { items: value as Json[] } };
  const isObject = typeof value === 'object' && value !== null;
  return { ok: true, structured: isObject ? (value as Json) : { value: (value ?? null) as Json } };
}

/** The tool's answer. A value that its schema does not allow is a failure of the API, not a defect of the server. */
export function shownAnswer(call: Call, made: Made, note: string | null): { ok: true; answer: ToolAnswer } | Failed {
  const notes = note === null ? [] : [note];
  if (made.structured === undefined) return { ok: true, answer: { text: [made.text ?? '', ...notes].join('\n') } };
  const parsed = call.schema && parseAsAsked(call.schema, made.structured, UNWORDED);
  if (parsed && !parsed.success) return unfit(call, describeIssues(call.schema, made.structured, parsed.error));
  const data = parsed ? parsed.data : made.structured;
  const text = ofAnswer(
    call,
    'text',
    data,
    () => call.spec.text?.(data, { ...call.input }) ?? structuredText(data as Json),
  );
  if (!text.ok) return text;
  return {
    ok: true,
    answer: { text: [text.value, ...notes].join('\n'), structured: parsed ? parsed.given : made.structured },
  };
}

/** The log names the field and what was expected of it, and not what the API answered. */
function unfit(call: Call, { field, expected, text }: Refused): Failed {
  call.runtime.log('warn', `the API of the tool ${call.tool} answered what its schema does not allow`, {
    tool: call.tool,
    field,
    expected: call.secrets.redact(expected),
  });
  return unexpected(call.settings, text, call.secrets);
}
