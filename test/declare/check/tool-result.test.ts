import { expect, test } from 'vitest';
import * as z from 'zod';
import { toolResult } from '../../../src/declare/check/tool-result.ts';

const Output = z.object({ sum: z.number() });
/** As an app writes it that no type check has seen. */
const BARE: object = { sum: 6 };

test.each([
  ['a text alone', 'six', /answered a text alone, and declares `output`/],
  ['content alone', { content: [{ type: 'text' as const, text: 'six' }] }, /output schema does not allow/],
  ['another shape', { structured: { sum: 'six' } }, /does not allow: structured\.sum: expected a number$/],
  ['the data themselves', BARE, /there is no structured, and sum stand beside it: answer \{ structured: \{ … \} \}/],
])('%s is a defect of a tool with an output schema', (_what, answer, message) => {
  expect(() => toolResult(answer, Output, 'add')).toThrow(
    expect.objectContaining({ code: 'internal', message: expect.stringMatching(message) as string }),
  );
});

test('a failure in words is none, and a text is right where no schema is declared', () => {
  expect(toolResult({ text: 'no', isError: true }, Output, 'add')).toEqual({
    content: [{ type: 'text', text: 'no' }],
    isError: true,
  });
  // A client may hold what is structured in a failure to the schema of the tool.
  expect(toolResult({ text: 'no', structured: { why: 'odd' }, isError: true }, Output, 'add')).toEqual({
    content: [
      { type: 'text', text: 'no' },
      { type: 'text', text: '{"why":"odd"}' },
    ],
    isError: true,
  });
  expect(toolResult({ structured: { sum: 6 }, isError: true }, Output, 'add')).toEqual({
    content: [{ type: 'text', text: '{"sum":6}' }],
    structuredContent: { sum: 6 },
    isError: true,
  });
  expect(toolResult('six', undefined, 'add')).toEqual({ content: [{ type: 'text', text: 'six' }] });
});
