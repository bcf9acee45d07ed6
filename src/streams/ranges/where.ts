/**
 * Checks a filter against a stream's schema: that the fields exist, and that they can hold values of the kind that the
 * filter compares with. Without this check a misspelt field, or a text that is compared as a number, would find nothing
 * and not say why. Where the schema says nothing of a field, the filter passes. This file does not evaluate filters:
 * streams/conditions/scope.ts does, for conditions too.
 */
import type { FieldTests, Scalar, Where } from '../../declare/condition.ts';
import { streamProblems } from '../../declare/check/condition.ts';
import type { Problem } from '../../declare/problem.ts';
import { choicesAt } from '../../declare/check/choices.ts';
import { type Form, formsAt } from '../../declare/check/picked-fields.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { TidegateError } from '../../base/errors.ts';
import { pathOf } from '../../base/field-path.ts';
import { type Json, utf8Bytes } from '../../base/json.ts';
import { knownName } from '../../base/known-names.ts';
import { readDecimal } from '../../base/number-text.ts';
import { inLines, plainText } from '../../base/plain.ts';

/** Most bytes of a filter, as a cursor holds it. */
const WHERE_BYTES = 2_000;

const BOUNDS = ['above', 'atLeast', 'below', 'atMost'] as const;
const ANYWHERE = 'query';
/** What a field holds, in words. */
const WORDS: Partial<Record<Form, string>> = {
  number: 'a number',
  integer: 'a whole number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};

/** The filter with texts in place of the numbers, truths and texts that its fields hold, taken where a field holds one kind alone. */
export function meantWhere(stream: Pick<DeclaredStream, 'jsonSchema'>, where: Where): Where {
  const meant = Object.entries(where).map(([path, test]) => {
    const forms = formsAt(stream.jsonSchema, pathOf(path));
    if (forms === null || test === undefined) return [path, test];
    if (typeof test !== 'object' || test === null) return [path, meantScalar(test, forms)];
    const { equals, not, oneOf } = test;
    return [
      path,
      {
        ...test,
        ...(equals === undefined ? {} : { equals: meantScalar(equals, forms) }),
        ...(not === undefined ? {} : { not: meantScalar(not, forms) }),
        ...(oneOf === undefined ? {} : { oneOf: oneOf.map((value) => meantScalar(value, forms)) }),
      },
    ];
  });
  return Object.fromEntries(meant) as Where;
}

function meantScalar(value: Scalar, forms: ReadonlySet<Form>): Scalar {
  if (value === null || canBe(value, forms)) return value;
  if (typeof value !== 'string') return forms.has('string') && isPlainWord(value) ? String(value) : value;
  const made = [readDecimal(value), value === 'true' ? true : value === 'false' ? false : null];
  return made.find((each) => each !== null && canBe(each, forms)) ?? value;
}

/** A fraction is not: `1.10` and `1.1` are one number and two texts. */
function isPlainWord(value: number | boolean): boolean {
  return typeof value === 'boolean' || (Number.isSafeInteger(value) && !Object.is(value, -0));
}

/**
 * @param within what the filter stands in, as `condition.`
 * @throws TidegateError `invalid_input`; its `field` is a path below `where`
 */
export function checkWhere(stream: DeclaredStream, where: Where, within = ''): void {
  if (utf8Bytes(JSON.stringify(JSON.stringify(where))) > WHERE_BYTES) {
    throw refused([{ path: `${ANYWHERE}.where`, expected: `at most ${WHERE_BYTES} bytes of JSON` }], within);
  }
  const entries = Object.entries(where);
  const absent = entries.filter(([path]) => isNowhere(formsAt(stream.jsonSchema, pathOf(path))));
  const problems =
    absent.length > 0
      ? streamProblems({ kind: 'match', where: Object.fromEntries(absent) }, stream, ANYWHERE)
      : entries.flatMap(([path, test]) => typed(stream, path, test));
  if (problems.length > 0) throw refused(problems, within);
}

function typed(stream: DeclaredStream, path: string, test: Where[string]): Problem[] {
  const forms = formsAt(stream.jsonSchema, pathOf(path));
  if (forms === null || test === undefined) return [];
  const isTested = typeof test === 'object' && test !== null;
  const tests: FieldTests = isTested ? test : { equals: test };
  const at = (name: string, expected: string, found?: unknown): Problem => ({
    path: `${ANYWHERE}.where.${path}${isTested ? `.${name}` : ''}`,
    expected,
    ...(found === undefined ? {} : { found: JSON.stringify(found).slice(0, 80) }),
  });
  const choices = choicesAt(stream.jsonSchema, pathOf(path));
  const isNumber = forms.has('number') || forms.has('integer');
  const isText = forms.has('string');
  const problems = BOUNDS.filter((name) => tests[name] !== undefined && !isNumber).map((name) =>
    at(name, `a field that holds a number, which ${path} does not: it is ${formWords(forms)}`),
  );
  if (tests.like !== undefined && !isText)
    problems.push(at('like', `a field that holds a text: it is ${formWords(forms)}`));
  for (const name of ['contains', 'notContains'] as const) {
    if (tests[name] === undefined || isText || forms.has('array')) continue;
    problems.push(at(name, `a field that holds a text or a list: it is ${formWords(forms)}`));
  }
  for (const [name, value] of [['equals', tests.equals] as const, ['not', tests.not] as const]) {
    if (value === undefined) continue;
    if (!canBe(value, forms)) problems.push(at(name, held(path, name, forms), value));
    else if (!isChoice(value, choices)) problems.push(at(name, choiceWords(path, value, choices), value));
  }
  if (tests.oneOf !== undefined && !tests.oneOf.some((value) => canBe(value, forms))) {
    const expected = isList(forms) ? held(path, 'oneOf', forms) : `values that ${path} can hold: ${formWords(forms)}`;
    problems.push(at('oneOf', expected, tests.oneOf));
  } else {
    const odd = tests.oneOf?.find((value) => !isChoice(value, choices));
    if (odd !== undefined) problems.push(at('oneOf', choiceWords(path, odd, choices), odd));
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

/** What a test of a field expects; no test compares with a whole list. */
function held(path: string, test: string, forms: ReadonlySet<Form>): string {
  if (!isList(forms)) return `${formWords(forms)}, which ${path} holds`;
  return `contains in place of ${test}, because ${path} is a list: contains asks whether it holds a value`;
}

function isList(forms: ReadonlySet<Form>): boolean {
  return [...forms].every((form) => form === 'array' || form === 'missing' || form === 'null') && forms.has('array');
}

/** A field that may be missing passes a test for null whatever values are listed. */
function isChoice(value: Scalar, choices: readonly Json[] | null): boolean {
  return value === null || choices === null || choices.length === 0 || choices.includes(value);
}

/** `one of the values of state: on, off (did you mean on?)` */
function choiceWords(path: string, value: Scalar, choices: readonly Json[] | null): string {
  const names = (choices ?? []).flatMap((choice) =>
    choice === null || typeof choice === 'object' ? [] : [plainText(String(choice))],
  );
  return knownName(String(value), [...new Set(names)], `values of ${path}`);
}

/** What a field of these forms holds, in words. */
export function formWords(forms: ReadonlySet<Form>): string {
  return [...forms].flatMap((form) => WORDS[form] ?? []).join(' or ');
}

function refused(problems: readonly Problem[], within: string): TidegateError {
  const named = problems.map((problem) => ({ ...problem, path: problem.path.replace(`${ANYWHERE}.`, within) }));
  const lines = named.map(
    ({ path, expected, found }) => `${path}: expected ${expected}${found ? `, found ${found}` : ''}`,
  );
  const [first] = named;
  return new TidegateError('invalid_input', inLines(lines), {
    field: first?.path ?? 'where',
    expected: first?.expected ?? 'tests of fields',
  });
}
