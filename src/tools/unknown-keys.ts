/**
 * Says of a history without a row that a key which it asked for has no event at all, with keys that are near: a misspelt key
 * looks like a quiet one. One store call, and only for a page that is empty.
 */
import { meantName } from '../base/known-names.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import { readKeys } from '../streams/log/read-latest.ts';
import { ofStream, type Scope } from '../streams/scope.ts';
import type { HistoryAnswer } from './history-output.ts';
import { inLines, jsonText, plainText } from '../base/plain.ts';

/** Most keys that are looked through. A stream that has more may know a key that is not among them. */
const MOST_READ = 1_000;
const MOST_NAMED = 10;

interface Halves {
  text: string;
  structured: HistoryAnswer;
}

/** @param keys as they were asked for; undefined: none was */
export async function withUnknownKeys<Answer extends Halves>(
  scope: Scope,
  stream: DeclaredStream,
  keys: readonly string[] | undefined,
  answer: Answer,
): Promise<Answer> {
  const { events, windows, sparklines, notes = [] } = answer.structured;
  const isEmpty = [events, windows, sparklines].every((rows) => rows === undefined || rows.length === 0);
  if (keys === undefined || !stream.keyed || !isEmpty) return answer;
  const { values, hasMore } = await readKeys(ofStream(scope, stream), stream.name, { prefix: '', limit: MOST_READ });
  const told = hasMore ? [] : keys.filter((key) => !values.includes(key)).map((key) => unknownKey(key, values));
  if (told.length === 0) return answer;
  return {
    ...answer,
    text: [answer.text, inLines(told)].join('\n'),
    structured: { ...answer.structured, notes: [...notes, ...told] },
  };
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = meantName(key, known);
  const some = known.slice(0, MOST_NAMED).map(plainText).join(', ') + (known.length > MOST_NAMED ? ', …' : '');
  const asked = meant === null ? '.' : `, did you mean ${jsonText(meant)}?`;
  return `No event has the key ${jsonText(key)}${asked} Known keys: ${some || 'none'}.`;
}
