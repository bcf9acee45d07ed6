/**
 * Questions to clients of 2025-11-25 and before, in the form of their revision. That revision alone gives a page an id. Those before
 * it know no pages, and in a form no lists, no titles of choices but `enumNames`, and no defaults but that of a boolean: what is
 * missing is told in words, and an answer in words is taken as it was meant (`asMeant`). Pure.
 */
import { digestOf } from '../../base/digest.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import type { WireRequest } from '../../declare/ask.ts';
import { expectedOf, fieldKindOf, fieldOptionsOf, textOrEmpty } from './form-fields.ts';
import { isObject } from './params.ts';

/** The first revision with modes of elicitation, lists in forms, and tools for the client's model. */
export const MODES_SINCE = '2025-11-25';

/**
 * @param asked what no other question has: who is asked, and the key. A question that is shown again has the same, and so the same id
 */
export function questionFor(request: WireRequest, version: string, asked: readonly string[]): WireRequest {
  const { method, params } = request;
  if (method !== 'elicitation/create') return request;
  if (params.mode === 'url') {
    const elicitationId = digestOf(JSON.stringify([...asked, params.url]));
    return { method, params: { ...params, elicitationId } };
  }
  if (version >= MODES_SINCE) return request;
  const { mode: _, requestedSchema, ...others } = params;
  return { method, params: { ...others, requestedSchema: olderForm(requestedSchema) } };
}

function olderForm(schema: Json | undefined): JsonObject {
  const { type = 'object', properties, required } = isObject(schema) ? schema : {};
  const fields = Object.entries((properties ?? {}) as Record<string, JsonObject>);
  return {
    type,
    properties: Object.fromEntries(fields.map(([name, field]) => [name, olderField(field)])),
    ...(required === undefined ? {} : { required }),
  };
}

function olderField(field: JsonObject): JsonObject {
  const {
    title,
    description,
    default: byDefault,
    oneOf: _,
    items: _items,
    minItems: _least,
    maxItems: _most,
    ...rest
  } = field;
  const kind = fieldKindOf(field);
  const options = fieldOptionsOf(field);
  const words = [
    ...(kind === 'choices' ? [`${expectedOf(field, options)}, ${listWords(options.map(({ value }) => value))}`] : []),
    ...(byDefault === undefined || kind === 'true or false' ? [] : [`default: ${defaultText(byDefault)}`]),
  ].join('; ');
  const about = [textOrEmpty(description), words === '' ? '' : `(${words})`].filter((text) => text !== '').join(' ');
  return {
    ...(kind === 'choices' ? { type: 'string' } : rest),
    ...(title === undefined ? {} : { title }),
    ...(about === '' ? {} : { description: about }),
    ...(kind === 'true or false' && byDefault !== undefined ? { default: byDefault } : {}),
    ...(kind === 'choice' ? { enum: options.map(({ value }) => value) } : {}),
    ...(field.oneOf === undefined ? {} : { enumNames: options.map((option) => option.title) }),
  };
}

/** How a list of texts is written in one text. */
function listWords(values: readonly string[]): string {
  return needsJson(values) ? `as JSON such as ${JSON.stringify(values.slice(0, 1))}` : 'with commas between them';
}

function needsJson(values: readonly string[]): boolean {
  return values.some((value) => value.includes(',') || value.trim() !== value || value.startsWith('['));
}

function defaultText(value: Json): string {
  if (typeof value === 'string') return value;
  const values = Array.isArray(value) ? value.map(textOrEmpty) : [];
  return values.length > 0 && !needsJson(values) ? values.join(', ') : JSON.stringify(value);
}
