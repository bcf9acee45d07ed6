/** Turns a stream's declaration into the form that the rest of the code uses. Pure; mistakes are collected, not thrown. */
import * as z from 'zod';
import type { Json, JsonObject } from '../json.ts';
import type { Problem } from './feed.ts';
import type { DeclaredStream, ErasedStreamOptions, Stream } from './stream.ts';

const DEFAULT_EVENTS = 100_000;
const DEFAULT_DEDUPE = 1_000;
const MOST_DEDUPE = 10_000;
const ONE_DAY_MS = 86_400_000;

type Picker = string | ((data: never) => unknown) | undefined;

export function declareStream(name: string, declaration: Stream<unknown>, problems: Problem[]): DeclaredStream {
  const options = declaration.options;
  const path = `streams.${name}`;
  const wrong = (field: string, expected: string, found: unknown) =>
    problems.push({ path: `${path}.${field}`, expected, found: JSON.stringify(found) });

  if (!options.description) wrong('description', 'a text for the model', options.description);
  const events = options.retention?.events ?? DEFAULT_EVENTS;
  if (!isCount(events)) wrong('retention.events', 'a positive whole number', events);
  const ageMs = options.retention?.ageMs ?? null;
  if (ageMs !== null && !isCount(ageMs)) wrong('retention.ageMs', 'a positive whole number of ms', ageMs);
  const dedupe = options.dedupe ?? DEFAULT_DEDUPE;
  if (!isCount(dedupe) || dedupe > MOST_DEDUPE) wrong('dedupe', `a whole number from 1 to ${MOST_DEDUPE}`, dedupe);
  const latenessMs = options.latenessMs ?? ONE_DAY_MS;
  if (!(latenessMs >= 0)) wrong('latenessMs', 'a number of ms, 0 or more', latenessMs);
  if (options.revision !== undefined && options.id === undefined) {
    problems.push({ path: `${path}.id`, expected: 'an id, because there is a revision' });
  }
  checkPickers(path, options, problems);

  return {
    name,
    declaration,
    title: options.title ?? name,
    description: options.description,
    schema: options.schema,
    jsonSchema: toJsonSchema(path, options.schema, problems),
    keyed: options.key !== undefined || (options.feed?.kind === 'route' && options.feed.keyLevel !== undefined),
    identified: options.id !== undefined,
    key: textOf(options.key),
    time: timeOf(options.time),
    id: textOf(options.id),
    revision: textOf(options.revision),
    retention: { events, ageMs },
    dedupe,
    latenessMs,
    example: options.example as Json | undefined,
    feed: null,
  };
}

function toJsonSchema(path: string, schema: z.ZodType, problems: Problem[]): JsonObject {
  try {
    return z.toJSONSchema(schema, { io: 'output' }) as JsonObject;
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    problems.push({ path: `${path}.schema`, expected: 'a zod schema that JSON Schema can express', found });
    return {};
  }
}

function checkPickers(path: string, options: ErasedStreamOptions, problems: Problem[]): void {
  if (!(options.schema instanceof z.ZodObject)) return;
  const fields = Object.keys(options.schema.shape);
  for (const part of ['key', 'time', 'id', 'revision'] as const) {
    const picker = options[part];
    if (typeof picker === 'string' && !fields.includes(picker)) {
      problems.push({
        path: `${path}.${part}`,
        expected: `a function, or one of the fields ${fields.join(', ')}`,
        found: picker,
      });
    }
  }
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value > 0;
}

function pick(picker: Picker, data: Json): unknown {
  if (picker === undefined) return undefined;
  return typeof picker === 'string' ? (data as JsonObject)[picker] : (picker as (data: Json) => unknown)(data);
}

function textOf(picker: Picker): (data: Json) => string | null {
  return (data) => {
    const value = pick(picker, data);
    return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
  };
}

function timeOf(picker: Picker): (data: Json) => number | null {
  return (data) => {
    const value = pick(picker, data);
    const time = value instanceof Date ? value.getTime() : typeof value === 'string' ? Date.parse(value) : value;
    return typeof time === 'number' && Number.isFinite(time) ? time : null;
  };
}
