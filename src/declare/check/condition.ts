/**
 * Checks that a stream has what a condition asks for: the fields, numbers where the condition compares numbers, and
 * keys. Without this check a condition with a misspelt field would wait for ever. Where the stream's schema does not
 * say what a field holds, the check passes.
 */
import { TidegateError } from '../../base/errors.ts';
import { pathOf } from '../../base/field-path.ts';
import type { Condition, WindowAggregate } from '../condition.ts';
import { conditionProblems } from './condition-schema.ts';
import type { Problem } from '../problem.ts';
import { knownName } from '../../base/known-names.ts';
import { fieldNames, type Form, formsOfPath } from './picked-fields.ts';
import type { DeclaredStream } from '../stream.ts';

type Checked = Pick<DeclaredStream, 'name' | 'keyed' | 'jsonSchema'>;

/**
 * Checks a condition from outside, in its shape and against its stream, and returns it.
 * @param path names the condition in errors, e.g. `condition`
 * @throws TidegateError `invalid_input` that lists every mistake; its `field` and `expected` are those of the first.
 */
export function checkedCondition(value: unknown, stream: Checked, path: string): Condition {
  const shape = conditionProblems(value, path);
  const problems = shape.length > 0 ? shape : streamProblems(value as Condition, stream, path);
  const [first] = problems;
  if (first === undefined) return value as Condition;
  const lines = problems.map(
    ({ path, expected, found }) => `${path}: expected ${expected}${found === undefined ? '' : `, found ${found}`}`,
  );
  throw new TidegateError('invalid_input', lines.join('\n'), { field: first.path, expected: first.expected });
}

/** Finds what a well-formed condition asks for and the stream does not have. */
export function streamProblems(condition: Condition | WindowAggregate, stream: Checked, path: string): Problem[] {
  const problems: Problem[] = [];
  if (condition.key !== undefined && !stream.keyed) {
    const expected = `to be left out, because the events of ${stream.name} have no keys`;
    problems.push({ path: `${path}.key`, expected });
  }
  if ('field' in condition || isNumeric(condition)) {
    const field = (condition as { field?: string }).field ?? null;
    problems.push(...fieldProblems(stream, field, isNumeric(condition), `${path}.field`));
  }
  for (const name of Object.keys(condition.where ?? {})) {
    problems.push(...fieldProblems(stream, name, false, `${path}.where.${name}`));
  }
  return problems;
}

function isNumeric(condition: Condition | WindowAggregate): boolean {
  if (condition.kind === 'aggregate') return condition.of !== 'count';
  if (condition.kind === 'change') return condition.by !== undefined || condition.byPercent !== undefined;
  return condition.kind === 'threshold' || condition.kind === 'rate';
}

function fieldProblems({ name, jsonSchema }: Checked, field: string | null, numeric: boolean, path: string): Problem[] {
  const names = pathOf(field);
  const forms = formsOfPath(jsonSchema, names);
  if (forms === null) return [];
  if (isNowhere(forms)) {
    return [{ path, expected: `a field of ${name}, ${siblings(jsonSchema, names)}`, found: field ?? 'none' }];
  }
  if (!numeric || holdsNumbers(forms)) return [];
  const numbers = fieldNames(jsonSchema).filter((other) => holdsNumbers(formsOfPath(jsonSchema, [other])));
  const such = numbers.length === 0 ? '' : `, such as ${numbers.join(', ')}`;
  const found = field === null ? 'none' : `${field}, which is ${words(forms)}`;
  return [{ path, expected: `the path of a number in ${name}${such}`, found }];
}

function holdsNumbers(forms: ReadonlySet<Form> | null): boolean {
  return forms !== null && (forms.has('number') || forms.has('integer'));
}

function isNowhere(forms: ReadonlySet<Form> | null): boolean {
  return forms !== null && forms.size === 1 && forms.has('missing');
}

/** Lists the names that exist at the place where the path goes wrong, as whole paths. */
function siblings(schema: Checked['jsonSchema'], path: readonly string[]): string {
  const at = path.findIndex((_, index) => isNowhere(formsOfPath(schema, path.slice(0, index + 1))));
  const before = path.slice(0, Math.max(0, at));
  const names = fieldNames(schema, before).map((name) => [...before, name].join('.'));
  return knownName(path.slice(0, before.length + 1).join('.'), names);
}

const WORDS: Record<Form, string> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  null: 'null',
  array: 'a list',
  object: 'an object',
  missing: 'missing',
};

function words(forms: ReadonlySet<Form>): string {
  return [...forms].map((form) => WORDS[form]).join(' or ');
}
