/**
 * Says that a key which somebody asked for has no event at all, with keys that are near: a misspelt key looks like a quiet
 * one. It is a note and no refusal, because an event of the key may come later.
 */
import { meantName } from '../base/known-names.ts';
import type { KeyTest } from '../declare/condition.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import { passesKey } from '../streams/conditions/scope.ts';
import { KEYS_AT_ONCE, readKeys, readLatestOf } from '../streams/log/read-latest.ts';
import { ofStream, type Scope } from '../streams/scope.ts';
import { findStream } from '../streams/find-stream.ts';
import type { HistoryInput } from './history-input.ts';
import type { HistoryAnswer } from './history-output.ts';
import { inLines, jsonText, plainText } from '../base/plain.ts';

/** Most keys that are looked through for near ones. */
const MOST_READ = 1_000;
const MOST_NAMED = 10;

interface Halves {
  text: string;
  structured: HistoryAnswer;
}

/**
 * Of keys without a row on a first and whole page, and of all of them where a page is empty. One store call where there are such keys.
 */
export async function withUnknownKeys<Answer extends Halves>(
  scope: Scope,
  stream: DeclaredStream,
  { keys, cursor }: Pick<HistoryInput, 'keys' | 'cursor'>,
  answer: Answer,
): Promise<Answer> {
  if (keys === undefined) return answer;
  const { events, windows, sparklines, complete } = answer.structured;
  const rows = [...(events ?? []), ...(windows ?? []).filter(({ count }) => count > 0), ...(sparklines ?? [])];
  const isPart = cursor !== undefined || !complete;
  if (isPart && rows.length > 0) return answer;
  return withNotes(answer, await unheardKeyNotes(scope, stream, keys, rows));
}

/** A note for each key that no row is of and no event has. One store call where a row is missing. */
export async function unheardKeyNotes(
  scope: Scope,
  stream: DeclaredStream,
  keys: readonly string[],
  rows: readonly { key?: string | null | undefined }[],
): Promise<string[]> {
  const heard = new Set(rows.map(({ key }) => key));
  const oneOf = keys.filter((key) => !heard.has(key));
  return oneOf.length === 0 ? [] : unknownKeyNotes(scope, [stream], { oneOf });
}

/**
 * Says of each further stream of windows by keys that it has none of the keys: its column is missing then, in rows that are there.
 * One store call for each such stream that has no row.
 */
export async function withUnmatchedStreams<Answer extends Halves>(
  scope: Scope,
  stream: DeclaredStream,
  { keys, also = [] }: Pick<HistoryInput, 'keys' | 'also'>,
  answer: Answer,
): Promise<Answer> {
  const { windows = [], sparklines = [] } = answer.structured;
  const shown = new Set([...windows, ...sparklines].map((row) => row.stream));
  const names = new Set(also.flatMap(({ stream: name = stream.name }) => (shown.has(name) ? [] : [name])));
  names.delete(stream.name);
  if (keys === undefined || names.size === 0) return answer;
  const test = { oneOf: keys };
  const notes = await Promise.all(
    [...names].map((name) => unknownKeyNotes(scope, [findStream(scope.app, name)], test, ` of ${name}`)),
  );
  return withNotes(answer, notes.flat());
}

function withNotes<Answer extends Halves>(answer: Answer, told: readonly string[]): Answer {
  if (told.length === 0) return answer;
  const { notes = [] } = answer.structured;
  return {
    ...answer,
    text: [answer.text, inLines(told)].join('\n'),
    structured: { ...answer.structured, notes: [...notes, ...told] },
  };
}

/** Of streams and keys in them, as what changes a resource is named. One store call for each stream with keys. */
export async function unknownSourceNotes(
  scope: Scope,
  sources: readonly { stream: DeclaredStream; key?: string }[],
): Promise<string[]> {
  const keyed = sources.flatMap(({ stream, key }) => (key === undefined ? [] : [{ stream, key }]));
  const byStream = Map.groupBy(keyed, ({ stream }) => stream);
  const notes = [...byStream].map(([stream, of]) =>
    unknownKeyNotes(scope, [stream], { oneOf: of.map(({ key }) => key) }, ` of ${stream.name}`),
  );
  return (await Promise.all(notes)).flat();
}

/**
 * A note for each key that no event of the streams has, or one for a pattern that none of their keys passes. One store call
 * for each stream, and another one for each that has more than 1,000 keys; of those a pattern is not judged.
 * @param ofWhat names the stream, where it is not the one that was asked for
 */
export async function unknownKeyNotes(
  scope: Scope,
  streams: readonly DeclaredStream[],
  test: KeyTest | undefined,
  ofWhat = '',
): Promise<string[]> {
  const keyed = streams.filter((stream) => stream.keyed);
  if (test === undefined || keyed.length === 0) return [];
  const pages = await Promise.all(
    keyed.map((stream) => readKeys(ofStream(scope, stream), stream.name, { prefix: '', limit: MOST_READ })),
  );
  const known = [...new Set(pages.flatMap(({ values }) => values))];
  const longer = keyed.filter((_, index) => pages[index]?.hasMore);
  if (typeof test === 'object' && 'like' in test) {
    if (longer.length > 0 || known.some((key) => passesKey(test, key))) return [];
    return [`No event${ofWhat} has a key like ${jsonText(test.like)}. ${knownText(known, false)}`];
  }
  const asked = [...new Set(typeof test === 'string' ? [test] : test.oneOf)].filter((key) => !known.includes(key));
  const absent = await withoutEvents(scope, longer, asked);
  return absent.map((key) => {
    const meant = meantName(key, known);
    const near = meant === null ? '.' : `, did you mean ${jsonText(meant)}?`;
    return `No event${ofWhat} has the key ${jsonText(key)}${near} ${knownText(known, longer.length > 0)}`;
  });
}

/** Those of the keys that have no event in streams whose keys are too many to be looked through. */
async function withoutEvents(scope: Scope, streams: readonly DeclaredStream[], keys: readonly string[]) {
  const looked = streams.length === 0 ? keys : keys.slice(0, KEYS_AT_ONCE);
  if (looked.length === 0) return looked;
  const found = await Promise.all(
    streams.map(async (stream) => (await readLatestOf(ofStream(scope, stream), stream.name, looked)).events),
  );
  const known = new Set(found.flat().map(({ key }) => key));
  return looked.filter((key) => !known.has(key));
}

function knownText(known: readonly string[], hasMore: boolean): string {
  const some = known.slice(0, MOST_NAMED).map(plainText).join(', ');
  return `Known keys: ${some || 'none'}${hasMore || known.length > MOST_NAMED ? ', …' : ''}.`;
}
