/** A schema is converted once, however many registries list it, and what was asked for is what is answered. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { objectSchema } from '../../../src/base/schema/json-schema.ts';
import { shownSchema } from '../../../src/mcp/registry/shown-schema.ts';

const Input = z.object({ text: z.string().min(1).max(9).default('a'), n: z.coerce.number() });

test.each(['input', 'output'] as const)('each form of an %s is converted once, and is that of the schema', (io) => {
  const forms = [true, false].map((isPlain) => {
    const shown = shownSchema(Input, io, 'tools.one.input', isPlain);
    expect(shown).toEqual(objectSchema(Input, io, 'tools.one.input', isPlain));
    expect(shownSchema(Input, io, 'tools.two.input', isPlain)).toBe(shown);
    return shown;
  });
  expect(forms[0]).not.toEqual(forms[1]);
});

test('a schema that MCP cannot show is refused each time, by the name that it has then', () => {
  const wrong = z.object({ at: z.date() });
  for (const path of ['tools.one.input', 'tools.two.input']) {
    const refused = expect.objectContaining({ code: 'invalid_config', field: `${path}.at` }) as Error;
    expect(() => shownSchema(wrong, 'input', path, false)).toThrow(refused);
  }
});
