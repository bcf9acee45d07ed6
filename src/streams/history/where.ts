/**
 * Checks a filter against a stream's schema: that the fields exist, and that they can hold values of the kind that the
 * filter compares with. Without this check a misspelt field, or a text that is compared as a number, would find nothing
 * and not say why. Where the schema says nothing of a field, the filter passes. This file does not evaluate filters:
 * streams/conditions/scope.ts does, for conditions too.
 */
import type { FieldTests, Scalar, Where } from '../../declare/condition.ts';
import { streamProblems } from '../../declare/check/condition.ts';
import type { Problem } from '../../declare/problem.ts';
import { type Form, formsAt } from '../../declare/check/picked-fields.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { TidegateError } from '../../base/errors.ts';
import { pathOf } from '../../base/field-path.ts';
import { utf8Bytes } from '../../base/json.ts';

/** Most bytes of a filter, as a cursor holds it. */
export const WHERE_BYTES = 2_000;

const BOUNDS = ['above', 'atLeast', 'below', 'atMost'] as const;
const ANYWHERE = 'query';

/** @throws TidegateError `invalid_input`; its `field` is a path below `where`. */
export function checkWhere(stream: DeclaredStream, where: Where): void {
  if (utf8Bytes(JSON.stringify(JSON.stringify(where))) > WHERE_BYTES) {
    throw refused([{ path: 'where', expected: `at most ${WHERE_BYTES} bytes of JSON` }]);
  }
  const entries = Object.entries(where);
  const absent = entries.filter(([path]) => isNowhere(formsAt(stream.jsonSchema, pathOf(path))));
  const problems =
    absent.length > 0
      ? streamProblems({ kind: 'match', where: Object.fromEntries(absent) }, stream, ANYWHERE)
      : entries.flatMap(([path, test]) => typed(stream, path, test));
  if (problems.length > 0) throw refused(problems);
}

function typed(stream: DeclaredStream, path: string, test: Where[string]): Problem[] {
  const forms = formsAt(stream.jsonSchema, pathOf(path));
  if (forms === null || test === undefined) return [];
  const tests: FieldTests = typeof test === 'object' && test !== null ? test : { equals: test };
  const at = (name: string, expected: string): Problem => ({ path: `${ANYWHERE}.where.${path}.${name}`, expected });
  const isNumber = forms.has('number') || forms.has('integer');
  const isText = forms.has('string');
  const problems = BOUNDS.filter((name) => tests[name] !== undefined && !isNumber).map((name) =>
    at(name, `a field that holds a number, which ${path} does not: it is ${words(forms)}`),
  );
  if (tests.like !== undefined && !isText)
    problems.push(at('like', `a field that holds a text: it is ${words(forms)}`));
  if (tests.contains !== undefined && !isText && !forms.has('array')) {
    problems.push(at('contains', `a field that holds a text or a list: it is ${words(forms)}`));
  }
  for (const [name, value] of [['equals', tests.equals] as const, ['not', tests.not] as const]) {
    if (value !== undefined && !canBe(value, forms))
      problems.push(at(name, `a value that can be there: ${words(forms)}`));
  }
  if (tests.oneOf !== undefined && !tests.oneOf.some((value) => canBe(value, forms))) {
    problems.push(at('oneOf', `values that can be there: ${words(forms)}`));
  }
  return problems;
}

/** Whether no event can have the field. An undeclared field may exist where the schema allows further fields. */
function isNowhere(forms: ReadonlySet<Form> | null): boolean {
  return forms !== null && forms.size === 1 && forms.has('missing');
}

function canBe(value: Scalar, forms: ReadonlySet<Form>): boolean {
  if (value === null) return forms.has('null');
  if (typeof value === 'number') return forms.has('number') || forms.has('integer');
  return forms.has(typeof value === 'string' ? 'string' : 'boolean');
}

function words(forms: ReadonlySet<Form>): string {
  return [...forms].filter((form) => form !== 'missing').join(' or ');
}

function refused(problems: readonly Problem[]): TidegateError {
  const named = problems.map((problem) => ({ ...problem, path: problem.path.replace(`${ANYWHERE}.`, '') }));
  const lines = named.map(
    ({ path, expected, found }) => `${path}: expected ${expected}${found ? `, found ${found}` : ''}`,
  );
  const [first] = named;
  return new TidegateError('invalid_input', lines.join('\n'), {
    field: first?.path ?? 'where',
    expected: first?.expected ?? 'tests of fields',
  });
}
