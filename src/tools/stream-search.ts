/** Finds streams by words of their names, texts, fields and keys, for `list_streams`. */
import type { DeclaredStream } from '../declare/stream.ts';
import { fieldsOf } from '../streams/fields.ts';
import { readLatestByKey } from '../streams/log/read-latest.ts';
import { ofStream, type Scope } from '../streams/scope.ts';

/** Keys of a stream that are looked through, and streams of which keys are. */
const KEYS_LOOKED_THROUGH = 200;
const STREAMS_LOOKED_THROUGH = 40;

/**
 * The streams that have all the words; where none has, those that have the most of them; none where no word is found. A
 * word is found within others, whatever its case. Keys are read only of keyed streams whose texts lack a word: one store
 * call each.
 */
export async function searchStreams(
  scope: Scope,
  streams: readonly DeclaredStream[],
  search: string,
): Promise<readonly DeclaredStream[]> {
  const words = [...new Set(search.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])].map(stemOf);
  const told = streams.map((stream) => ({ stream, missing: words.filter((word) => !textOf(stream).includes(word)) }));
  const looked = told.filter(({ stream, missing }) => stream.keyed && missing.length > 0);
  await Promise.all(
    looked.slice(0, STREAMS_LOOKED_THROUGH).map(async (each) => {
      const page = { after: null, limit: KEYS_LOOKED_THROUGH };
      const { events } = await readLatestByKey(ofStream(scope, each.stream), each.stream.name, page);
      const keys = events.map(({ key = '' }) => key.toLowerCase()).join('\n');
      each.missing = each.missing.filter((word) => !keys.includes(word));
    }),
  );
  const fewest = Math.min(words.length, ...told.map(({ missing }) => missing.length));
  return fewest === words.length
    ? []
    : told.filter(({ missing }) => missing.length === fewest).map(({ stream }) => stream);
}

/** `temperatures` is found by `temperature` too, and the other way round. */
function stemOf(word: string): string {
  return word.length > 3 && word.endsWith('s') ? word.slice(0, -1) : word;
}

function textOf(stream: DeclaredStream): string {
  const fields = fieldsOf(stream).map(
    ({ name, type, unit = '', description = '' }) => `${name} ${type} ${unit} ${description}`,
  );
  return [stream.name, stream.title, stream.description, ...fields].join('\n').toLowerCase();
}
