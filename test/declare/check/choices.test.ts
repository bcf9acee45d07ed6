/** Which values a schema lists for a field, through the shapes that schemas have. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { choicesAt } from '../../../src/declare/check/choices.ts';
import type { JsonObject } from '../../../src/base/json.ts';

const state = z.enum(['on', 'off']);

test.each<[string, z.ZodType, string[], unknown]>([
  ['a choice', z.object({ state }), ['state'], ['on', 'off']],
  ['one that may be missing', z.object({ state: state.optional() }), ['state'], ['on', 'off']],
  ['one that may be null', z.object({ state: state.nullable() }), ['state'], ['on', 'off', null]],
  ['one further in', z.object({ pump: z.object({ state }) }), ['pump', 'state'], ['on', 'off']],
  ['one of a record', z.object({ pumps: z.record(z.string(), state) }), ['pumps', 'p1'], ['on', 'off']],
  [
    'shapes that differ by a constant',
    z.union([z.object({ kind: z.literal('a') }), z.object({ kind: z.literal('b') })]),
    ['kind'],
    ['a', 'b'],
  ],
  ['a text beside it', z.object({ state: z.union([state, z.string()]) }), ['state'], null],
  ['a text', z.object({ state: z.string() }), ['state'], null],
  ['a field that nobody declares', z.looseObject({ state }), ['other'], null],
])('of %s', (_, schema, path, expected) => {
  expect(choicesAt(z.toJSONSchema(schema) as JsonObject, path)).toEqual(expected);
});
