/**
 * Asks a history over HTTP for the items of a time that nobody listened to. It does not decide which of them are stored
 * already: backfill.ts and the stream do.
 */
import type { BurstContext } from '../../declare/feed.ts';
import { TidegateError } from '../../base/errors.ts';
import { publicForm } from '../../net/fetch-target.ts';
import { partOnly } from '../../net/partial-content.ts';
import { fillUrl } from '../kit/template.ts';
import { describeShape, readPath } from '../../base/json-path.ts';
import { readSourceJson } from '../../base/source-json.ts';
import { retryAfterMs } from '../../net/retry-after.ts';
import { nsFromMs } from '../../base/time/source-time.ts';
import type { Hole } from './options.ts';
import type { CatchUpSettings } from './spec.ts';
import type { RawItem } from './payload.ts';

const MOST_URLS = 20;

/** All items of a hole, the oldest first. @throws TidegateError `upstream`, `too_large`, `address_refused`, `cancelled` */
export async function readHole(
  catchUp: CatchUpSettings,
  hole: Hole,
  allow: readonly string[],
  context: BurstContext,
): Promise<RawItem[]> {
  const headers = typeof catchUp.headers === 'function' ? await catchUp.headers() : (catchUp.headers ?? {});
  const items: RawItem[] = [];
  let left = catchUp.maxBytes;
  for (const url of urlsOf(catchUp, hole)) {
    const response = await context.fetch(url, {
      headers: { accept: 'application/json', ...headers },
      allow,
      signal: context.signal,
      maxBytes: Math.max(1, left),
      ...(catchUp.timeoutMs === undefined ? {} : { timeoutMs: catchUp.timeoutMs }),
    });
    const source = URL.canParse(url) ? publicForm(new URL(url)) : 'catchUp.url';
    if (!response.ok) {
      response.body?.cancel().catch(() => {});
      const pause = retryAfterMs(response.headers.get('retry-after'), context.now());
      throw new TidegateError('upstream', `${source} answered with status ${response.status}`, {
        field: 'catchUp.url',
        ...(pause === null ? {} : { retryAfterMs: pause }),
      });
    }
    const part = partOnly(response, source);
    if (part !== null) {
      response.body?.cancel().catch(() => {});
      throw part;
    }
    const bytes = await response.arrayBuffer();
    left -= bytes.byteLength;
    const found = itemsIn(bytes, catchUp, source);
    for (const item of catchUp.newestFirst ? found.toReversed() : found) items.push(item);
  }
  return items;
}

function urlsOf({ url, timeFormat }: CatchUpSettings, hole: Hole): readonly string[] {
  if (typeof url === 'string') {
    // Few sources know fractions of a unit. Both ends are rounded outwards, so that the request covers the whole hole.
    const unitMs = timeFormat === 's' ? 1_000 : 1;
    const since = nsFromMs(Math.floor(hole.since / unitMs) * unitMs);
    const until = nsFromMs(Math.ceil(hole.until / unitMs) * unitMs);
    return [fillUrl(url, { since, until }, timeFormat)];
  }
  const made = url(hole);
  const urls = typeof made === 'string' ? [made] : made;
  if (urls.length <= MOST_URLS) return urls;
  throw new TidegateError('invalid_config', `catchUp.url answered ${urls.length} URLs`, {
    field: 'catchUp.url',
    expected: `at most ${MOST_URLS} URLs`,
  });
}

function itemsIn(answer: ArrayBuffer, { items: path = '', map }: CatchUpSettings, source: string): RawItem[] {
  let body: unknown;
  try {
    body = readSourceJson(new TextDecoder('utf-8', { fatal: true }).decode(answer));
  } catch (cause) {
    throw new TidegateError('upstream', `${source} did not answer JSON in UTF-8`, { field: 'catchUp.url', cause });
  }
  const found = readPath(body, path);
  if (!Array.isArray(found)) {
    throw new TidegateError('upstream', `${source} has no items at ${path === '' ? 'its top' : path}`, {
      field: 'catchUp.items',
      expected: `a path to an array, not ${describeShape(found === undefined ? body : found)}`,
    });
  }
  const bytes = Math.ceil(answer.byteLength / Math.max(1, found.length));
  return found.map((item: unknown) => ({ data: map ? map(item) : item, bytes }));
}
