/**
 * Whether a task can be begun with the events of a source, by what the schemas of both say. It tells what no event of the
 * source can have: a task that some events fit may be subscribed to, and each event is judged when it comes. Pure.
 */
import * as z from 'zod';
import type { JsonObject } from '../../base/json.ts';
import { defOf } from '../../base/schema/schema-parts.ts';
import { fieldNames, type Form, formsAt } from '../../declare/check/picked-fields.ts';
import { formWords } from '../../streams/ranges/where.ts';
import type { EventSource } from '../../streams/sources/sources.ts';

/** How deep objects are compared. */
const MOST_DEPTH = 4;

/** What a task needs that no event of the source has, in words; null: it may take some. */
export function misfitOf(input: z.ZodType, source: Pick<EventSource, 'name' | 'payloadSchema'>): string | null {
  const wanted = takenBy(input);
  const given = delivered(source);
  const [first] = misfits(given, wanted, []);
  if (first === undefined) return null;
  const needs = formsAt(wanted, first);
  const name = first.join('.') || 'the input';
  if (needs !== null && isOnly(needs, 'missing')) return `it takes no ${name}, which every event has`;
  const form = needs === null ? '' : ` (${formWords(needs)})`;
  return `it needs ${name}${form}, and events have ${hasText(given, first)}`;
}

/** JSON Schema of the input. It says nothing of what takes other values than it passes on. */
function takenBy(input: z.ZodType): JsonObject {
  return z.toJSONSchema(input, {
    io: 'input',
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema }) {
      const def = defOf(zodSchema);
      const isMade = def.type === 'catch' || (def.type === 'pipe' && defOf(def.in).type === 'transform');
      if (!isMade && !('coerce' in def && def.coerce === true)) return;
      for (const name of Object.keys(jsonSchema)) delete jsonSchema[name];
    },
  }) as JsonObject;
}

/** JSON Schema of the whole of what is delivered. */
function delivered({ name, payloadSchema }: Pick<EventSource, 'name' | 'payloadSchema'>): JsonObject {
  const { $defs, ...data } = payloadSchema;
  return {
    type: 'object',
    properties: {
      eventId: { type: 'string' },
      name: { type: 'string', const: name },
      timestamp: { type: 'string' },
      data: { ...data, additionalProperties: false },
    },
    required: ['eventId', 'name', 'timestamp', 'data'],
    additionalProperties: false,
    ...($defs === undefined ? {} : { $defs }),
  };
}

/** Paths at which no value of the one schema is one of the other. */
function misfits(given: JsonObject, wanted: JsonObject, path: readonly string[]): (readonly string[])[] {
  const [has, needs] = [formsAt(given, path), formsAt(wanted, path)];
  if (has === null || needs === null) return [];
  if (![...has].some((form) => isAmong(form, needs))) return [path];
  if (!isOnly(has, 'object') || path.length >= MOST_DEPTH) return [];
  const names = new Set([...fieldNames(wanted, path), ...fieldNames(given, path)]);
  return [...names].flatMap((name) => misfits(given, wanted, [...path, name]));
}

function isAmong(form: Form, needs: ReadonlySet<Form>): boolean {
  if (needs.has(form)) return true;
  return (form === 'integer' && needs.has('number')) || (form === 'number' && needs.has('integer'));
}

function isOnly(forms: ReadonlySet<Form>, form: Form): boolean {
  return forms.size === 1 && forms.has(form);
}

/** What events have at the path, or beside it where they have nothing there. */
function hasText(given: JsonObject, path: readonly string[]): string {
  const has = formsAt(given, path);
  if (has !== null && !isOnly(has, 'missing')) return `${formWords(has)} there`;
  const around = path.slice(0, -1);
  const names = fieldNames(given, around).join(', ') || 'nothing';
  return around.length === 0 ? names : `${names} in ${around.join('.')}`;
}
