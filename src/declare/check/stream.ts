/**
 * Turns a stream's declaration into the form that all other code uses. It collects mistakes and does not throw them.
 * This file is pure.
 */
import * as z from 'zod';
import type { Json, JsonObject } from '../../base/json.ts';
import { withoutJsonForm } from '../../base/schema/json-schema.ts';
import { knownName } from '../../base/known-names.ts';
import { type ReadTime, readSourceTime, type TimeUnit } from '../../base/time/source-time.ts';
import { isZone, zoneOf } from '../../base/time/zone.ts';
import type { Problem } from '../problem.ts';
import { exampleProblems } from './example.ts';
import { fieldNames, type Form, formsOfField } from './picked-fields.ts';
import { optionProblems } from '../spec/option-problems.ts';
import { isBroken } from '../spec/problems.ts';
import { withDefaults } from '../spec/options.ts';
import { retentionSpec, streamSpec } from '../spec/stream.ts';
import type { DeclaredStream, Stream } from '../stream.ts';

type Picker = string | ((data: never) => unknown) | undefined;

/** Returns null where the declaration is not what `stream` returns, so nothing can be made of it. */
export function declareStream(name: string, declaration: Stream<unknown>, problems: Problem[]): DeclaredStream | null {
  const path = `streams.${name}`;
  // An app that no type check has seen may pass anything here.
  const given = declaration as Partial<Stream<unknown>> | null | undefined;
  const options = given?.options;
  if (given?.kind !== 'stream' || typeof options !== 'object' || options === null) {
    problems.push({ path, expected: 'stream({ description, schema, … })' });
    return null;
  }
  problems.push(...optionProblems(streamSpec, options, path));
  if (options.revision !== undefined && options.id === undefined) {
    problems.push({ path: `${path}.id`, expected: 'an id, because there is a revision' });
  }
  const jsonSchema = isBroken(problems, `${path}.schema`) ? {} : toJsonSchema(path, options.schema, problems);
  if (options.example !== undefined && !isBroken(problems, `${path}.schema`)) {
    problems.push(...exampleProblems(options.schema, options.example, `${path}.example`));
  }
  for (const part of ['key', 'time', 'id', 'revision'] as const) {
    const picker = part === 'time' ? countedTime(options).picker : options[part];
    if (!isBroken(problems, `${path}.${part}`)) checkPicker(path, part, picker, jsonSchema, problems);
  }

  const { dedupe, latenessMs, aheadMs, tenants } = withDefaults(streamSpec, options);
  const retention = withDefaults(retentionSpec, options.retention ?? {});
  return {
    name,
    declaration,
    title: options.title ?? name,
    description: options.description,
    schema: options.schema,
    jsonSchema,
    // A route may also bring a key. That is known once its feed is: see `declareFeeds`.
    keyed: options.key !== undefined,
    identified: options.id !== undefined,
    key: textOf(options.key),
    ...timeOf(options),
    aheadMs,
    id: textOf(options.id),
    revision: textOf(options.revision),
    retention: { events: retention.events, ageMs: retention.ageMs ?? null },
    tenants: tenants === 'shared' ? 'shared' : 'each',
    tenantOf: typeof tenants === 'function' ? nameOf(tenants) : null,
    dedupe,
    latenessMs,
    example: options.example as Json | undefined,
    feed: null,
    push: options.push ?? null,
  };
}

function toJsonSchema(path: string, schema: z.ZodType, problems: Problem[]): JsonObject {
  try {
    return z.toJSONSchema(schema, { io: 'output' }) as JsonObject;
  } catch {
    problems.push(...withoutJsonForm(schema, 'output', `${path}.schema`));
    return {};
  }
}

/** Forms that a picked field must not have, and how a message names them. */
const WRONG_FORMS: Partial<Record<Form, string>> = {
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
  null: 'null',
  missing: 'missing',
};

/**
 * Checks a field that is picked by name. An event without its key, time or id is refused, so every event must have that
 * field. Where the field may be missing or null, the declaration needs a function that supplies a value. A revision may
 * be absent: the event then has none.
 */
function checkPicker(
  path: string,
  part: 'key' | 'time' | 'id' | 'revision',
  picker: Picker,
  jsonSchema: JsonObject,
  problems: Problem[],
): void {
  if (typeof picker !== 'string') return;
  const forms = formsOfField(jsonSchema, picker);
  if (forms === null) return;
  const found = picker;
  if (forms.size === 1 && forms.has('missing')) {
    const names = fieldNames(jsonSchema);
    const expected =
      names.length === 0
        ? 'a function, because the data have no fields'
        : `a function, or ${knownName(picker, names, 'fields')}`;
    problems.push({ path: `${path}.${part}`, expected, found });
    return;
  }
  const wrong = [...forms].filter((form) => !(part === 'revision' && (form === 'null' || form === 'missing')));
  const shown = wrong.flatMap((form) => WRONG_FORMS[form] ?? []);
  if (shown.length === 0) return;
  const always = part === 'revision' ? '' : ' in every event';
  problems.push({
    path: `${path}.${part}`,
    expected: `a field that holds a text or a number${always}, or a function`,
    found: `${found}, which may be ${shown.join(' or ')}`,
  });
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

/** A number names nobody: what a tenant is called is a text. */
function nameOf(picker: Picker): (data: Json) => string | null {
  return (data) => {
    const value = pick(picker, data);
    return typeof value === 'string' ? value : null;
  };
}

/** The picker of the time, and the unit of what it picks; null: no unit is declared. */
function countedTime({ time }: Pick<Stream['options'], 'time'>): { picker: Picker; unit: TimeUnit | null } {
  return typeof time === 'object' ? { picker: time.field, unit: time.unit } : { picker: time, unit: null };
}

function timeOf(options: Stream['options']): Pick<DeclaredStream, 'time' | 'zone'> {
  const { picker, unit } = countedTime(options);
  const zone = isZone(options.zone) ? options.zone : null;
  const field = typeof picker === 'string' ? { field: picker } : {};
  const reading = { unit, zone: zone === null ? null : zoneOf(zone), ...field };
  const time = (data: Json): ReadTime | null =>
    picker === undefined ? null : readSourceTime(pick(picker, data), reading);
  return { time, zone };
}
