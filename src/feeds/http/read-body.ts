/** Reads the items of a response's body, in portions, in the way of its format. */
import { isCharset } from '../kit/text-decoder.ts';
import { isDeclared } from './options.ts';
import type { BodyReading, Portion } from './portions.ts';
import { documentPortions } from './read-document.ts';
import { linesIn, rowPortions } from './read-rows.ts';

export async function* readPortions(reading: BodyReading): AsyncGenerator<Portion, void, undefined> {
  const { format, charset } = reading.answer;
  if (format === 'ndjson') {
    const expectation = { name: 'NDJSON', expected: 'one JSON value a line, in UTF-8' };
    yield* rowPortions(reading, linesIn(reading.options.charset), expectation);
  } else if (isDeclared(format) && format.reads === 'rows') {
    const { required, fields } = reading;
    const make = await format.load();
    yield* rowPortions(reading, make({ charset: knownCharset(charset), required, fields }), format);
  } else {
    yield* documentPortions(reading);
  }
}

/** The charset of an answer as a format of rows gets it. ASCII is UTF-8, and a name that nobody knows says nothing. */
function knownCharset(charset: string | null): string | null {
  return charset === null || /ascii|^ansi/.test(charset) || !isCharset(charset) ? null : charset;
}
