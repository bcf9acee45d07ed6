/**
 * Keeps a position with the source that it was made at. A cursor, or a time up to which all was read, says nothing at another
 * one: where `url` leads to another host or path than it did, a feed begins anew. Another spelling of the same url is the same source:
 * letters of the host, a port that goes without saying, escapes, a slash at the end. Where its query alone has changed, nobody can
 * tell, so the position stays, and the log says so. Stored are digests, since a query may hold a secret. Positions of earlier
 * releases have none, and count as those of the source.
 */
import { asJsonObject, isJsonObject, type Json } from '../../base/json.ts';
import { withNormalEscapes } from '../../base/uri.ts';
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
    yield isJsonObject(position) ? { ...batch, position: { ...position, source: source.stored } } : batch;
  }
}

interface Mark {
  /** Digests of the place and of the query. */
  stored: [place: string, query: string];
  /** Digests of the place, and of the query, as this release and earlier ones stored them. */
  places: readonly string[];
  queries: readonly string[];
}

/** Of a URL that is a secret the path may be one too, and is no part of its place. Null: a function makes the URL, or it is none. */
async function markOf(url: HttpOptions['url'], { secret }: BurstContext): Promise<Mark | null> {
  if (typeof url === 'function') return null;
  const isSecret = isSetSecret(url);
  const text = isSecret ? (secret(url) ?? '') : url;
  if (!URL.canParse(text)) return null;
  const { origin, pathname, search } = new URL(text);
  const written = isSecret ? [origin] : [origin + pathname, ...bothEnds(origin + pathname)];
  const [places, queries] = await Promise.all([
    digestsOf([isSecret ? origin : normalPlace(origin + pathname), ...written]),
    isSecret ? [''] : digestsOf([withNormalEscapes(search), search]),
  ]);
  return { stored: [places[0] ?? '', queries[0] ?? ''], places, queries };
}

function normalPlace(place: string): string {
  return withNormalEscapes(place).replace(/\/$/, '');
}

/** Earlier releases stored the digest of what was written, with the slash at its end or without one. */
function bothEnds(place: string): string[] {
  const bare = place.replace(/\/$/, '');
  return [bare, `${bare}/`];
}

function digestsOf(texts: readonly string[]): Promise<string[]> {
  return Promise.all(texts.map(fingerprint));
}

function positionAt({ places, queries }: Mark, url: HttpOptions['url'], context: BurstContext): Json | null {
  const { position, log } = context;
  const before: unknown = asJsonObject(position)?.['source'];
  if (!Array.isArray(before)) return position;
  const [place, query] = before as unknown[];
  const source = describeHttpSource(url);
  if (!places.some((known) => known === place)) {
    log('warn', 'url leads to another source than before: the feed begins anew there', { source });
    return null;
  }
  if (!queries.some((known) => known === query)) {
    const words = `the query of url has changed, and the feed goes on where it was. If that is another source: tidegate feeds reset ${context.feed}`;
    log('warn', words, { source });
  }
  return position;
}
