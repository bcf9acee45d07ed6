import * as z from 'zod';
import { expect, test } from 'vitest';
import { defineApp } from '../../../src/core/declaration/app.ts';
import { stream } from '../../../src/core/declaration/stream.ts';
import { fieldsOf } from '../../../src/mcp/tools/fields.ts';
import { findStream } from '../../../src/streams/find-stream.ts';

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
  const deep = fields(z.object({ node: Node })).map(({ name }) => name);
  expect(deep.slice(0, 2)).toEqual(['node.value', 'node.next.value']);
  expect(deep.length).toBeLessThan(10);
});

test('at most 60 are told', () => {
  const shape = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`f${index}`, z.number()]));
  expect(fields(z.object(shape)).length).toBe(60);
});
