/**
 * Follows a link to the next page: checks that the feed may ask its target, and writes the link into a position and reads
 * it back. What the link repeats of the feed's own URL is stored by name only, because a key may stand there and a stored
 * position holds no secret of the app. It does not read the `Link` header (net/link-header.ts does). Pure.
 */
import { TidegateError } from '../../base/errors.ts';
import type { FeedAnswer } from './answer.ts';
import type { Json } from '../../base/json.ts';
import { checkTarget, isNamed, publicForm } from '../../net/fetch-target.ts';

/** Characters of a link. The bound keeps a position small. */
const MOST_LENGTH = 8 * 1024;

/**
 * A link may be relative to where its page came from, which is another place than was asked where that led on.
 * @throws TidegateError `upstream` for what is no URL, and `address_refused` for one that leads to another origin which is not allowed
 */
export function resolveNext(
  target: string,
  { url: asked, location }: Pick<FeedAnswer, 'url' | 'location'>,
  allow: readonly string[],
): URL {
  if (target.length > MOST_LENGTH || !URL.canParse(target, location)) {
    throw new TidegateError('upstream', `${publicForm(asked)} links to a next page that is no URL, or too long`, {
      field: 'pages',
      expected: `a URL of at most ${MOST_LENGTH} characters`,
    });
  }
  const next = new URL(target, location);
  next.hash = '';
  if (next.origin === asked.origin && next.username === '' && next.password === '') return next;
  checkTarget(next.href, allow);
  if (!isNamed(next, allow) || (asked.protocol === 'https:' && next.protocol === 'http:')) {
    throw new TidegateError('address_refused', `${publicForm(asked)} links to a next page at ${next.origin}`, {
      field: 'pages',
      expected: `a link that stays at ${asked.origin}`,
      hint: `if it is meant, name it: allow: ['${next.host}']`,
    });
  }
  return next;
}

/** @param base the feed's own URL, as it is asked for the first page */
export function storeLink(next: URL, base: URL): Json {
  if (next.origin !== base.origin) return { url: next.href };
  const seen = new Map<string, number>();
  const query = [...next.searchParams].map(([name, value]): Json => {
    const place = seen.get(name) ?? 0;
    seen.set(name, place + 1);
    return base.searchParams.getAll(name)[place] === value ? [name] : [name, value];
  });
  // Links that are signed hold for one way of writing them.
  const raw = rawPairs(next).map((pair, index): Json => ((query[index] as Json[]).length === 1 ? [index] : pair));
  const isWhole = raw.length === query.length;
  return {
    ...(isWhole && raw.length > 0 ? { raw } : {}),
    ...(next.pathname === base.pathname ? {} : { path: storePath(next.pathname, base.pathname) }),
    query,
  };
}

/** The pairs of a query as they are written. */
function rawPairs({ search }: URL): string[] {
  return search
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '');
}

/** How many segments the path shares with the feed's own, and those that follow. */
function storePath(next: string, base: string): Json {
  const [segments, own] = [next.split('/'), base.split('/')];
  const differs = segments.findIndex((segment, index) => segment !== own[index]);
  const shared = differs === -1 ? segments.length : differs;
  return [shared, ...segments.slice(shared)];
}

function restorePath(stored: Json | undefined, base: string): string {
  if (!Array.isArray(stored)) return typeof stored === 'string' ? stored : base;
  const [shared, ...others] = stored;
  const own = base.split('/').slice(0, Number(shared));
  return [...own, ...others.map(String)].join('/');
}

/** The link that was stored. The base itself where nothing that can be read was stored. */
export function restoreLink(stored: Json, base: URL): URL {
  const { url, path, query, raw } =
    typeof stored === 'object' && stored !== null && !Array.isArray(stored) ? stored : {};
  if (typeof url === 'string' && URL.canParse(url)) return new URL(url);
  const next = new URL(base);
  next.hash = '';
  next.pathname = restorePath(path, base.pathname);
  if (!Array.isArray(query)) return next;
  const seen = new Map<string, number>();
  const params = new URLSearchParams();
  for (const pair of query) {
    const [name, value] = Array.isArray(pair) ? pair : [];
    if (typeof name !== 'string') continue;
    const place = seen.get(name) ?? 0;
    seen.set(name, place + 1);
    params.append(name, typeof value === 'string' ? value : (base.searchParams.getAll(name)[place] ?? ''));
  }
  next.search = params.toString();
  const written = rawPairs(next);
  if (Array.isArray(raw) && raw.length === written.length) {
    const own = new Map(rawPairs(base).map((pair) => [new URLSearchParams(pair).toString(), pair]));
    const asWritten = (pair = '') => own.get(pair) ?? pair;
    next.search = raw.map((pair, index) => (typeof pair === 'string' ? pair : asWritten(written[index]))).join('&');
  }
  return next;
}
