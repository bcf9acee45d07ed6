/** The HTTP feed, as an app declares it. `burst.ts` asks the source, and is loaded when the first burst begins. */
import type { BurstContext, Feed, FeedBatch } from '../../declare/feed.ts';
import type { Json } from '../../base/json.ts';
import { secretsWithin } from '../../declare/secret.ts';
import { declaredPacing } from '../kit/declared-pacing.ts';
import { optionsOf } from '../kit/source-options.ts';
import { describeHttpSource, type HttpOptions, isDeclared } from './options.ts';
import { httpProblems } from './problems.ts';
import { httpSettings } from './spec.ts';

export type { HttpAt, HttpCursor, HttpFormat, HttpOptions, HttpPages, HttpSince, HttpWait } from './options.ts';
export type { HttpBody } from '../kit/template.ts';

/**
 * A feed over HTTP: JSON, NDJSON, CSV, RSS, Atom or server-sent events. It sends conditional requests (`ETag`,
 * `Last-Modified`) and keeps to `Retry-After`. Server-sent events, and with `wait` a source that keeps requests open, are
 * listened to without end on a host that stays up. A status other than 2xx and 304 fails the burst. Every stream that takes from
 * the feed gets every item.
 */
export function http(given: HttpOptions): Feed {
  const options = optionsOf(given);
  return {
    kind: 'feed',
    type: 'http',
    source: describeHttpSource(options.url),
    secrets: secretsWithin([options.url, options.headers, options.body]),
    pacing: declaredPacing(options),
    replayable: true,
    relists:
      options.cursor === undefined && options.since === undefined && options.wait === undefined && !isEvents(options),
    ...readsOf(options),
    listens: options.wait !== undefined || isEvents(options),
    ...(options.since === undefined ? {} : { positionAt }),
    problems: (targets) => httpProblems(options, targets),
    burst: (context) => burst(options, context),
  };
}

const isEvents = ({ format }: Pick<HttpOptions, 'format'>) => isDeclared(format) && format.reads === 'events';

/** A function that makes the request may ask for what is new by itself. */
function readsOf({ url, headers, body, cursor, since, wait, ...options }: HttpOptions): Pick<Feed, 'reads'> {
  if (wait !== undefined || isEvents(options)) return {};
  // Without the times of its items a range may bring what stands at its edge twice.
  if (since !== undefined && since.from === undefined) return {};
  if (cursor !== undefined || since !== undefined) return { reads: 'onward' };
  return [url, headers, body].some((each) => typeof each === 'function') ? {} : { reads: 'whole' };
}

async function positionAt(time: number): Promise<Json> {
  const { positionSince } = await import('./stored-position.ts');
  return positionSince(time);
}

async function* burst(options: HttpOptions, context: BurstContext): AsyncGenerator<FeedBatch, void, undefined> {
  const [{ httpBurst }, { atItsSource }] = await Promise.all([import('./burst.ts'), import('./source-mark.ts')]);
  const read = (from: BurstContext) => httpBurst(httpSettings(options, from.secret), from);
  const goesOn = options.cursor !== undefined || options.since !== undefined || isEvents(options);
  yield* goesOn ? atItsSource(options.url, context, read) : read(context);
}
