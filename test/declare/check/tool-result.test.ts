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

test.each([
  ['a text that is none', { structured: { sum: 6 }, text: 5 }, 'answered a text that is a number'],
  ['content that is no list', { structured: { sum: 6 }, content: {} }, 'answered content that is an empty object'],
  ['a text that is none, of a failure', { text: 5, isError: true }, 'answered a text that is a number'],
  ['nothing', undefined, 'answered'],
])('%s is one too, although the output fits its schema', (_what, answer, said) => {
  const made = () => toolResult(answer as never, Output, 'add');
  expect(made).toThrow(expect.objectContaining({ code: 'internal' }));
  expect(made).toThrow(`the tool add ${said}`);
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

test.each([
  ['an object of other members', { celsius: 5 }, 'an object with celsius'],
  ['nothing', {}, 'answered nothing'],
  ['a list', [1], 'an array of 1'],
  ['a number', 5, 'a number'],
  ['a text that is none', { text: 5 }, 'a text that is a number'],
  ['content that is no list', { content: 'x' }, 'content that is a string'],
])('%s is a defect that names the tool and what it answered', (_what, answer, said) => {
  const made = () => toolResult(answer as never, undefined, 'pump');
  expect(made).toThrow(expect.objectContaining({ code: 'internal' }));
  expect(made).toThrow(`the tool pump answered`);
  expect(made).toThrow(said);
});

test('an answer with a list of content, or with a value alone, is one', () => {
  expect(toolResult({ content: [] }, undefined, 'pump')).toEqual({ content: [] });
  expect(toolResult({ structured: null as never }, undefined, 'pump')).toMatchObject({ structuredContent: null });
});
