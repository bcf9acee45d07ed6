/**
 * Describes the declared streams for a model that has never seen the app, in the one description that has them: that of
 * `list_streams`. Texts are bounded: what is left out, `list_streams` answers.
 */
import { shortened } from '../base/text.ts';
import type { App } from '../declare/app.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import { type Field, fieldsOf, isNumeric } from '../streams/fields.ts';

/** Longest text about the streams with their fields. */
export const FIELDS_CHARACTERS = 1_200;
/** Most streams that are told with their fields. */
const MOST_WITH_FIELDS = 8;
/** Longest text of names. */
const NAMES_CHARACTERS = 400;
const PHRASE_CHARACTERS = 40;

/** The streams with their keys and fields, or the names of those that fit. */
export function describeStreams(app: App): string {
  const streams = [...app.streams.values()];
  if (streams.length === 0) return 'There are no streams that you may read.';
  const forms: ((stream: DeclaredStream) => string)[] = [
    (stream) =>
      `- ${stream.name}${keyText(stream)}: ${fieldsOf(stream).map(fieldText).join(', ')}${caveatText(stream)}`,
    (stream) => `- ${stream.name}${keyText(stream)}: ${fieldsOf(stream).map(fieldName).join(', ')}`,
    (stream) => `- ${stream.name}${keyText(stream)}: ${shortened(stream.description, PHRASE_CHARACTERS)}`,
  ];
  for (const form of streams.length <= MOST_WITH_FIELDS ? forms : []) {
    const text = `Streams and their fields:\n${streams.map(form).join('\n')}`;
    if (text.length <= FIELDS_CHARACTERS) return text;
  }
  return `Streams: ${streamNames(app)}`;
}

/** `a, b, c`, cut where there are many. */
export function streamNames(app: App): string {
  let text = '';
  for (const [index, name] of [...app.streams.keys()].entries()) {
    if (text.length + name.length > NAMES_CHARACTERS) return `${text} and ${app.streams.size - index} more`;
    text += index === 0 ? name : `, ${name}`;
  }
  return text;
}

/** Arguments of a call that would work, as JSON. */
export function exampleCall(app: App, kind: 'latest' | 'windows' | 'wait'): string {
  const streams = [...app.streams.values()];
  const measured = streams.map((stream) => ({ stream, field: fieldsOf(stream).find(isMeasure) }));
  const best = measured.find(({ field }) => field !== undefined) ?? measured[0];
  if (!best) return '{}';
  const { stream, field } = best;
  if (kind === 'wait') {
    const condition = field ? { kind: 'threshold', field: field.name, above: 30 } : { kind: 'absence', forMs: 300_000 };
    return JSON.stringify({ stream: stream.name, condition });
  }
  if (kind === 'latest') return JSON.stringify({ stream: stream.name });
  const asked = field ? { field: field.name, aggregates: ['mean', 'p95'] } : {};
  return JSON.stringify({ stream: stream.name, from: '-1h', window: '5m', ...asked });
}

/** A number that is worth aggregating, which a time and an id are not. */
function isMeasure(field: Field): boolean {
  return isNumeric(field) && !/time|updated|created|\bid$|longitude|latitude/i.test(field.name);
}

function caveatText({ caveat }: DeclaredStream): string {
  return caveat === undefined ? '' : `. ${caveat}`;
}

function keyText({ keyed, declaration }: DeclaredStream): string {
  if (!keyed) return '';
  const { key } = declaration.options;
  return typeof key === 'string' ? ` (key: ${key})` : ' (keyed)';
}

/** A unit says that there is a number, and most fields without a type are texts. */
function fieldText(field: Field): string {
  const type = field.type.replace(/ or null$/, '');
  const isTold =
    type === 'text' || field.unit?.includes('since 1970') === true || (field.unit !== undefined && isNumeric(field));
  return isTold ? fieldName(field) : `${fieldName(field)} ${type === 'true or false' ? 'boolean' : type}`;
}

function fieldName({ name, unit }: Field): string {
  return unit === undefined || unit.includes('since 1970') ? name : `${name} [${unit}]`;
}
