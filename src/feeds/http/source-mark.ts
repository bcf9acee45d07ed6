/**
 * Keeps a position with the source that it was made at. A cursor, or a time up to which all was read, says nothing at another
 * one: where `url` leads to another host or path than it did, a feed begins anew. Where its query alone has changed, nobody can
 * tell, so the position stays, and the log says so. Stored are digests, since a query may hold a secret. Positions of earlier
 * releases have none, and count as those of the source.
 */
import { asJsonObject, isJsonObject, type Json } from '../../base/json.ts';
import type { BurstContext, FeedBatch } from '../../declare/feed.ts';
import { isSetSecret } from '../../declare/secret.ts';
import { describeHttpSource, type HttpOptions } from './options.ts';
import { fingerprint } from './position.ts';

type Burst = (context: BurstContext) => AsyncGenerator<FeedBatch, void, undefined>;

/** Runs a burst from the position of its source, and writes the source into each position. */
export async function* atItsSource(
  url: HttpOptions['url'],
  context: BurstContext,
  burst: Burst,
): AsyncGenerator<FeedBatch, void, undefined> {
  const source = await markOf(url, context);
  if (source === null) {
    yield* burst(context);
    return;
  }
  for await (const batch of burst({ ...context, position: positionAt(source, url, context) })) {
    const { position } = batch;
    yield isJsonObject(position) ? { ...batch, position: { ...position, source } } : batch;
  }
}

/** Digests of host and path, and of the query. Of a URL that is a secret the path may be one too. Null: a function makes the URL, or it is none. */
async function markOf(url: HttpOptions['url'], { secret }: BurstContext): Promise<[string, string] | null> {
  if (typeof url === 'function') return null;
  const isSecret = isSetSecret(url);
  const text = isSecret ? (secret(url) ?? '') : url;
  if (!URL.canParse(text)) return null;
  const { origin, pathname, search } = new URL(text);
  return [await fingerprint(isSecret ? origin : origin + pathname), isSecret ? '' : await fingerprint(search)];
}

function positionAt([place, query]: readonly string[], url: HttpOptions['url'], context: BurstContext): Json | null {
  const { position, log } = context;
  const before = asJsonObject(position)?.['source'];
  if (!Array.isArray(before)) return position;
  const source = describeHttpSource(url);
  if (before[0] !== place) {
    log('warn', 'url leads to another source than before: the feed begins anew there', { source });
    return null;
  }
  if (before[1] !== query) {
    const words = `the query of url has changed, and the feed goes on where it was. If that is another source: tidegate feeds reset ${context.feed}`;
    log('warn', words, { source });
  }
  return position;
}
