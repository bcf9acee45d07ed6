/** Schemas that contain themselves, however they are declared: what tools show of them is whole, and what they take is checked. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import { madeOfNothing } from '../../../src/base/schema/coerced-numbers.ts';
import { objectSchema } from '../../../src/base/schema/json-schema.ts';
import { task } from '../../../src/declare/task.ts';
import { taskOutputSchema } from '../../../src/mcp/tasks/handle.ts';

interface Part {
  n: number;
  parts?: Part[] | undefined;
}
const ByGetter = z.object({
  n: z.coerce.number(),
  get parts() {
    return z.array(ByGetter).optional();
  },
});
const Lazy: z.ZodType<Part> = z.lazy(() => z.object({ n: z.coerce.number(), parts: z.array(Lazy).optional() }));
const Left = z.object({
  n: z.coerce.number(),
  get parts() {
    return z.array(Right).optional();
  },
});
const Right = z.object({
  n: z.coerce.number(),
  get parts() {
    return z.array(Left).optional();
  },
});
const Nested: z.ZodType<Part> = z.lazy(() => z.object({ n: z.coerce.number(), parts: z.array(Nested).optional() }));

const SCHEMAS: Record<string, z.ZodType> = {
  'by a getter': ByGetter,
  'by a getter, with a name': ByGetter.meta({ id: 'Part' }),
  'by z.lazy()': Lazy,
  'by another schema': Left,
  'within another': z.object({ n: z.coerce.number(), parts: z.array(Nested).optional() }),
};

/** Parts in parts, the innermost of which has that value. */
const deep = (n: unknown): Json => ({ n: 1, parts: [{ n: 2, parts: [{ n: 3 }, { n: n as Json }] }] });

const referencesIn = (schema: Json): string[] => {
  if (typeof schema !== 'object' || schema === null) return [];
  const own = !Array.isArray(schema) && typeof schema.$ref === 'string' ? [schema.$ref] : [];
  return [...own, ...Object.values(schema).flatMap((inner) => referencesIn(inner ?? null))];
};

/** That each reference leads to a schema, and that it takes what it should, as another reader of JSON Schema has it. */
function expectWhole(shown: JsonObject): void {
  expect(shown.type).toBe('object');
  const references = referencesIn(shown);
  expect(references.length).toBeGreaterThan(0);
  for (const reference of references) {
    const found = reference
      .split('/')
      .slice(1)
      .reduce<Json | undefined>((at, key) => (at as JsonObject)[key], shown);
    expect([reference, typeof found]).toEqual([reference, 'object']);
  }
  const read = z.fromJSONSchema(shown);
  expect([read.safeParse(deep(4)).success, read.safeParse(deep('four')).success]).toEqual([true, false]);
}

describe.each(Object.entries(SCHEMAS))('%s', (_name, schema) => {
  test('a tool shows it whole', () => {
    for (const io of ['input', 'output'] as const) expectWhole(objectSchema(schema, io, 'here'));
  });

  test('a task shows it whole beside its handle', () => {
    const declared = task({ description: 'T', version: '1', otherwise: 'handle', run: async () => '' });
    expectWhole(taskOutputSchema(declared, objectSchema(schema, 'output', 'here')));
  });

  test.each([4, '4', ' 4.5 '])('%j is a number, however deep', (n) => {
    expect(madeOfNothing(schema, deep(n), schema.parse(deep(n)))).toBeNull();
  });

  test.each(['', null, '0x10'])('%j is not made one, however deep', (n) => {
    const found = madeOfNothing(schema, deep(n), schema.parse(deep(n)));
    expect(found?.path).toEqual(['parts', '0', 'parts', '1', 'n']);
  });
});

const wide = (n: unknown) => ({ n: 1, c3: { n: '2', c29: { n } } });

/** A value within 60 lists. */
const enclosed = (n: unknown) => Array.from({ length: 60 }).reduce<unknown>((inner) => [inner], n);

test('a schema with many references to itself is looked through once', () => {
  const names = Array.from({ length: 30 }, (_, index) => `c${index}`);
  const shape: Record<string, z.ZodType> = { n: z.coerce.number() };
  const Wide = z.object(shape);
  for (const name of names) Object.defineProperty(shape, name, { enumerable: true, get: () => Wide.optional() });
  const judged = (n: unknown) => madeOfNothing(Wide, wide(n), Wide.parse(wide(n)));
  expect([judged('5'), judged('')?.path]).toEqual([null, ['c3', 'c29', 'n']]);
});

test('forms that hand on the same data do not look at it again and again', () => {
  const Tree: z.ZodType = z.lazy(() =>
    z.union([z.array(Tree), z.tuple([Tree]), z.record(z.string(), Tree), z.coerce.number()]),
  );
  const judged = (n: unknown) => madeOfNothing(Tree, enclosed(n), Tree.parse(enclosed(n)));
  expect([judged('5'), judged('')?.path.length]).toEqual([null, 60]);
});
