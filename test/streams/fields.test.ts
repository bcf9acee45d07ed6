import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { defineApp } from '../../src/declare/check/define-app.ts';
import { stream } from '../../src/declare/stream.ts';
import { checkNumeric, fieldsOf } from '../../src/streams/fields.ts';
import { findStream } from '../../src/streams/find-stream.ts';

function fields(schema: z.ZodType) {
  const declared = stream({ description: 'S', schema });
  return fieldsOf(findStream(defineApp({ name: 's', version: '1', description: 'S', streams: { s: declared } }), 's'));
}

test('types, units and descriptions, also where a field may be null or absent', () => {
  const schema = z.object({
    a: z.number().describe('A number'),
    b: z.number().nullable().meta({ unit: 'km', description: 'Outside' }),
    c: z.number().meta({ unit: 'V', description: 'Inside' }).nullable(),
    d: z.string().optional(),
    e: z.iso.datetime(),
    f: z.enum(['on', 'off']).nullable(),
    g: z.literal('x'),
    h: z.boolean(),
    i: z.array(z.number()),
    j: z.union([z.string(), z.number()]),
    k: z.int(),
    l: z.unknown(),
    m: z.array(z.object({ x: z.number() })),
    n: z.null(),
    o: z.enum(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']),
    p: z.record(z.string(), z.number()),
  });
  expect(fields(schema)).toEqual([
    { name: 'a', type: 'number', description: 'A number' },
    { name: 'b', type: 'number or null', unit: 'km', description: 'Outside' },
    { name: 'c', type: 'number or null', unit: 'V', description: 'Inside' },
    { name: 'd', type: 'text' },
    { name: 'e', type: 'text (date-time)' },
    { name: 'f', type: 'on|off or null' },
    { name: 'g', type: 'x' },
    { name: 'h', type: 'true or false' },
    { name: 'i', type: 'list of number' },
    { name: 'j', type: 'text or number' },
    { name: 'k', type: 'integer' },
    { name: 'l', type: 'anything' },
    { name: 'm', type: 'list of object' },
    { name: 'n', type: 'null' },
    { name: 'o', type: '1|2|3|4|5|6|7|8|…' },
    { name: 'p', type: 'object' },
  ]);
});

test('objects by their path, references followed, and no end of it cut', () => {
  interface Node {
    value: number;
    next: Node | null;
  }
  const Node: z.ZodType<Node> = z
    .lazy(() => z.object({ value: z.number(), next: Node.nullable() }))
    .meta({ id: 'Node' });
  expect(fields(z.object({ motor: z.object({ temp: z.number().meta({ unit: '°C' }) }).nullable() }))).toEqual([
    { name: 'motor.temp', type: 'number', unit: '°C' },
  ]);
  expect(fields(z.object({ node: Node }))).toEqual([
    { name: 'node.value', type: 'number' },
    { name: 'node.next.value', type: 'number' },
    { name: 'node.next.next', type: 'object or null' },
  ]);
});

type Tree = number | Tree[];
const Tree: z.ZodType<Tree> = z.lazy(() => z.union([z.number(), z.array(Tree)]));
const Part = z.object({
  name: z.string(),
  get of() {
    return z.array(Part);
  },
  get next() {
    return Part.optional();
  },
});

test('a schema that contains itself is told at its place and once within itself', () => {
  const anyJson = 'text or number or true or false or list of anything or object or null';
  expect(fields(z.object({ one: z.json(), list: z.array(z.json()) }))).toEqual([
    { name: 'one', type: anyJson },
    { name: 'list', type: `list of ${anyJson}` },
  ]);
  expect(fields(z.json())).toEqual([]);
  expect(fields(z.object({ tree: Tree }))).toEqual([{ name: 'tree', type: 'number or list of anything' }]);
  for (const itself of [Part, Part.meta({ id: 'Part' }), z.lazy(() => Part)]) {
    expect(fields(itself)).toEqual([
      { name: 'name', type: 'text' },
      { name: 'of', type: 'list of object' },
      { name: 'next.name', type: 'text' },
      { name: 'next.of', type: 'list of object' },
      { name: 'next.next', type: 'object' },
    ]);
  }
});

describe('a path to a number', () => {
  const Motor = z.object({ temp: z.number().nullable(), on: z.boolean() });
  const schema = z.object({
    celsius: z.number(),
    unit: z.string(),
    either: z.union([z.string(), z.number()]),
    motor: Motor.optional(),
    counts: z.record(z.string(), z.int()),
    loose: z.looseObject({ a: z.string() }),
    any: z.unknown(),
    level: z.literal([1, 2]),
  });
  const closed = findStream(
    defineApp({ name: 's', version: '1', description: 'S', streams: { s: stream({ description: 'S', schema }) } }),
    's',
  );

  test.each(['celsius', 'either', 'motor.temp', 'counts.x', 'loose.b', 'any', 'any.x.y', 'level'])(
    '%s may have one',
    (path) => {
      expect(() => checkNumeric(closed, path)).not.toThrow();
    },
  );

  test.each([
    'nope',
    'unit',
    'motor',
    'motor.on',
    'motor.nope',
    'celsius.x',
    'counts',
    'counts.x.y',
    'loose.a',
    '',
    '.',
  ])('%s has none, and those that have are named', (path) => {
    const expected = expect.stringMatching(/celsius, motor\.temp/) as string;
    expect(() => checkNumeric(closed, path)).toThrow(
      expect.objectContaining({ code: 'invalid_input', field: 'field', expected }),
    );
  });

  test('a stream without numbers says so', () => {
    const texts = stream({ description: 'S', schema: z.object({ text: z.string() }) });
    const app = defineApp({ name: 's', version: '1', description: 'S', streams: { texts } });
    expect(() => checkNumeric(findStream(app, 'texts'), 'text')).toThrow(
      expect.objectContaining({ expected: expect.stringContaining('no numbers') as string }),
    );
  });
});

test('at most 60 are told', () => {
  const shape = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`f${index}`, z.number()]));
  expect(fields(z.object(shape)).length).toBe(60);
});
