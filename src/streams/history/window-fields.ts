/**
 * Checks the fields that a question about windows names, of values and of groups, against the schemas of its streams. Pure.
 */
import { choicesAt } from '../../declare/check/choices.ts';
import { formsAt } from '../../declare/check/picked-fields.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { TidegateError } from '../../base/errors.ts';
import { PATH_CHARACTERS, pathOf } from '../../base/field-path.ts';
import { knownName, meantName } from '../../base/known-names.ts';
import type { Aggregate } from './aggregate.ts';
import { checkNumeric, fieldsOf, isNumeric } from '../fields.ts';
import { type Range, resolveRange } from '../ranges/range.ts';
import { BY_CLOCK, BY_KEY, clockOf } from './window-groups.ts';
import type { Series } from './window-question.ts';

/** A stream, and what of it is asked for. */
export interface StreamSeries {
  stream: DeclaredStream;
  series: Series[];
}

interface AskedFields {
  range: Range;
  /** `key`, and paths of fields. */
  by: readonly string[];
  aggregates: readonly Aggregate[];
  /** Whether values have to be numbers. */
  ofNumbers: boolean;
}

const OF_TEXTS = 'of a text there are distinct and timeIn=open in aggregates, and rows for each of its values by `by`';
const SCALARS = ['string', 'number', 'integer', 'boolean'] as const;

/** A field of such a name is meant where a stream declares one. */
export function isClock(name: string, scans: readonly StreamSeries[]): boolean {
  const isField = scans.some(({ stream }) => fieldsOf(stream).some((field) => field.name === name));
  return clockOf(name) !== null && !isField;
}

/** Those of the clocks of whose name events may have a field that no schema declares. The clock is meant nonetheless. */
export function ambiguousClocks(clocks: readonly string[], scans: readonly StreamSeries[]): string[] {
  return clocks.filter((name) => scans.some(({ stream }) => holdsScalars(stream, name)));
}

/** @throws TidegateError `invalid_input` with the argument */
export function checkFields(scans: readonly StreamSeries[], { range, by, aggregates, ofNumbers }: AskedFields): void {
  const { keys, where } = range;
  for (const { stream, series } of scans) {
    for (const one of series) checkField(stream, one, ofNumbers);
    // Keys and filters apply to all streams, so each stream has to have them.
    resolveRange(stream, { ...(keys ? { keys } : {}), ...(where ? { where } : {}) }, 0);
    for (const name of by) {
      if (name !== BY_KEY && !holdsScalars(stream, checkPath(name, 'by'))) throw noValue(stream, name, 'by');
    }
  }
  checkStates(aggregates, scans);
}

function checkField(stream: DeclaredStream, { field }: Series, ofNumbers: boolean): void {
  if (field === null) return;
  if (ofNumbers) {
    const forms = formsAt(stream.jsonSchema, pathOf(checkPath(field, 'field')));
    checkNumeric(stream, field, forms?.has('string') || forms?.has('boolean') ? OF_TEXTS : undefined);
  } else if (!holdsScalars(stream, checkPath(field, 'field'))) throw noValue(stream, field, 'field');
}

/** A state that the field cannot have would have lasted for no time, however it is spelt. */
function checkStates(aggregates: readonly Aggregate[], scans: readonly StreamSeries[]): void {
  const states = aggregates.flatMap((aggregate) => (aggregate.kind === 'timeIn' ? [aggregate.value] : []));
  for (const { stream, series } of scans) {
    for (const { field } of series) {
      const texts = field === null ? null : textsAt(stream, field);
      const odd = states.find((state) => texts !== null && !texts(state));
      if (odd === undefined || field === null) continue;
      const choices = choicesAt(stream.jsonSchema, pathOf(field))?.map(String) ?? [];
      const expected =
        choices.length > 0
          ? knownName(odd, choices, `values of ${field}`)
          : 'a value that the field can have, such as true or 1';
      throw wrongQuestion('aggregates', `timeIn=${odd.slice(0, 40)} is of no value of ${field}`, expected);
    }
  }
}

/** Whether a text is one of the values of a field, as text. Null: it may have any. */
function textsAt({ jsonSchema }: DeclaredStream, field: string): ((text: string) => boolean) | null {
  const choices = choicesAt(jsonSchema, pathOf(field))?.map(String) ?? [];
  if (choices.length > 0) return (text) => choices.includes(text);
  const forms = formsAt(jsonSchema, pathOf(field));
  if (forms === null || forms.has('string')) return null;
  const isNumber = forms.has('number') || forms.has('integer');
  return (text) =>
    (forms.has('boolean') && (text === 'true' || text === 'false')) || (isNumber && String(Number(text)) === text);
}

function noValue(stream: DeclaredStream, path: string, argument: 'by' | 'field'): TidegateError {
  const named = fieldsOf(stream).flatMap((one) => (holdsScalars(stream, one.name) ? [one.name] : []));
  const what = formsAt(stream.jsonSchema, pathOf(path))?.has('array') ? 'a list and no value' : 'no value';
  const names = [...(argument === 'by' ? [BY_KEY, ...BY_CLOCK] : []), ...named];
  const near = meantName(path, names);
  return wrongQuestion(
    argument,
    `the events of ${stream.name} have ${what} at ${path.slice(0, 80)}`,
    `${oneOf(names)}${near === null ? '' : ` (did you mean ${near}?)`}`,
  );
}

function holdsScalars({ jsonSchema }: DeclaredStream, field: string): boolean {
  const forms = formsAt(jsonSchema, pathOf(field));
  return forms === null || SCALARS.some((form) => forms.has(form));
}

/** Names the numeric fields that the streams declare, for an error message. */
export function numbersOf(scans: readonly StreamSeries[]): string {
  const names = scans.flatMap(({ stream }) =>
    fieldsOf(stream)
      .filter(isNumeric)
      .map(({ name }) => name),
  );
  return names.length === 0 ? '' : `: ${oneOf([...new Set(names)])}`;
}

function checkPath(path: string, field: 'field' | 'by'): string {
  if (path !== '' && path.length <= PATH_CHARACTERS) return path;
  throw wrongQuestion(field, 'no such path', 'a path such as motor.temp');
}

function oneOf(names: readonly string[]): string {
  const shown = names.slice(0, 30).join(', ');
  return `one of ${shown}${names.length > 30 ? `, … (${names.length} in all)` : ''}`;
}

export function wrongQuestion(field: string, message: string, expected: string): TidegateError {
  return new TidegateError('invalid_input', message, { field, expected });
}
