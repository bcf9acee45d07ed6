/**
 * Describes the declared streams in the descriptions of built-in tools, for a model that has never seen the app. Texts
 * are bounded: with many streams the fields are left out first, then descriptions, then names; `list_streams` has the
 * rest.
 */
import { shortened } from '../base/text.ts';
import { durationText } from '../base/time/time-text.ts';
import type { App } from '../declare/app.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import { type Field, fieldsOf, isNumeric } from '../streams/fields.ts';

/** Longest text about the streams in a description. */
export const STREAMS_CHARACTERS = 4_000;
const SENTENCE_CHARACTERS = 160;
const PHRASE_CHARACTERS = 60;
const NAMES_CHARACTERS = 1_000;
/** A stream whose events may lie this far ahead of the clock is one of forecasts. */
const FORECAST_MS = 3_600_000;

/** The streams, with as many details as fit. */
export function describeStreams(app: App): string {
  const streams = [...app.streams.values()];
  const forms: ((stream: DeclaredStream) => string)[] = [
    (stream) => `- ${stream.name}: ${headOf(stream)}\n  ${fieldsOf(stream).map(fieldText).join('; ')}`,
    (stream) => `- ${stream.name}: ${headOf(stream)}\n  ${fieldsOf(stream).map(fieldName).join(', ')}`,
    (stream) => `- ${stream.name}: ${shortened(stream.description, PHRASE_CHARACTERS)}`,
  ];
  for (const form of forms) {
    const text = `Streams:\n${streams.map(form).join('\n')}`;
    if (text.length <= STREAMS_CHARACTERS) return text;
  }
  return `Streams: ${streamNames(app)}. Call list_streams for what they hold.`;
}

/** `a, b, c`, cut where there are very many. */
export function streamNames(app: App): string {
  let text = '';
  for (const [index, name] of [...app.streams.keys()].entries()) {
    if (text.length + name.length > NAMES_CHARACTERS) return `${text} and ${app.streams.size - index} more`;
    text += index === 0 ? name : `, ${name}`;
  }
  return text;
}

/** Arguments of a call that would work, as JSON. */
export function exampleCall(app: App, kind: 'latest' | 'windows' | 'top' | 'tail'): string {
  const streams = [...app.streams.values()];
  const measured = streams.map((stream) => ({ stream, field: fieldsOf(stream).find(isMeasure) }));
  const best = measured.find(({ field }) => field !== undefined) ?? measured[0];
  if (!best) return '{}';
  const { stream, field } = best;
  if (kind === 'latest') return JSON.stringify({ stream: stream.name });
  if (kind === 'tail') return JSON.stringify({ stream: stream.name, seconds: 10, maxEvents: 20 });
  if (kind === 'windows') {
    return JSON.stringify({ stream: stream.name, from: '-1h', window: '5m', ...(field ? { field: field.name } : {}) });
  }
  const asked = field ? { field: field.name, aggregates: ['p95', 'max'] } : {};
  const top = { n: 5, by: field ? 'p95' : 'count' };
  return JSON.stringify({ stream: stream.name, from: '-1h', window: 'all', ...asked, top });
}

/** A number that is worth aggregating, which a time and an id are not. */
function isMeasure(field: Field): boolean {
  return isNumeric(field) && !/time|updated|created|\bid$|longitude|latitude/i.test(field.name);
}

function headOf(stream: DeclaredStream): string {
  const description = shortened(stream.description, SENTENCE_CHARACTERS);
  const caveat = stream.caveat === undefined ? '' : ` ${stream.caveat}`;
  return `${description}${/[.!?…]$/.test(description) ? '' : '.'} ${keyText(stream)}${aheadText(stream)}${caveat}`;
}

/** Says where events may lie ahead of the clock for other reasons than a clock that runs fast. */
function aheadText({ aheadMs }: DeclaredStream): string {
  if (aheadMs < FORECAST_MS) return '';
  return Number.isFinite(aheadMs) ? ` Forecasts, up to ${durationText(Math.floor(aheadMs))} ahead.` : ' Forecasts.';
}

export function keyText({ keyed, declaration }: DeclaredStream): string {
  if (!keyed) return 'No keys.';
  const { key } = declaration.options;
  return typeof key === 'string' ? `Keyed by ${key}.` : 'Keyed.';
}

function fieldText({ name, type, unit, description }: Field): string {
  const about = description === undefined ? '' : ` (${shortened(description, PHRASE_CHARACTERS)})`;
  return `${name} ${type}${unit === undefined ? '' : ` [${unit}]`}${about}`;
}

function fieldName({ name, unit }: Field): string {
  return unit === undefined ? name : `${name} [${unit}]`;
}
