/**
 * The link to the next page: read from a `Link` header, judged, and kept so that it can be stored. What it repeats of the
 * feed's own URL is kept by name only, as a key may stand there, and a stored position holds no secret of the app. Pure.
 */
import { TidegateError } from '../base/errors.ts';
import type { Json } from '../base/json.ts';
import { checkTarget, isNamed, publicForm } from './fetch-target.ts';

/** Of a link, so that a position stays small. */
const MOST_LENGTH = 8 * 1024;

/** The target of `rel="next"` (RFC 8288); null where there is none. Linear in the header. */
export function nextInHeader(header: string | null): string | null {
  const text = header ?? '';
  for (let at = 0; at < text.length;) {
    const open = text.indexOf('<', at);
    const close = open === -1 ? -1 : text.indexOf('>', open);
    if (close === -1) return null;
    const { parameters, end } = readParameters(text, close + 1);
    if (parameters.some(isNext)) return text.slice(open + 1, close);
    at = end;
  }
  return null;
}

function isNext(parameter: string): boolean {
  const equals = parameter.indexOf('=');
  if (parameter.slice(0, equals).trim().toLowerCase() !== 'rel') return false;
  const value = parameter.slice(equals + 1).trim();
  return value.replaceAll('"', '').toLowerCase().split(/\s+/).includes('next');
}

/** What stands between semicolons, up to the comma that ends the link; either may stand within quotes. */
function readParameters(text: string, from: number): { parameters: string[]; end: number } {
  const parameters: string[] = [];
  let within = false;
  let begin = from;
  let at = from;
  for (; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') within = !within;
    if (within || (character !== ';' && character !== ',')) continue;
    parameters.push(text.slice(begin, at));
    begin = at + 1;
    if (character === ',') break;
  }
  if (at === text.length) parameters.push(text.slice(begin));
  return { parameters, end: at + 1 };
}

/**
 * @param asked the URL of the response that has the link
 * @throws TidegateError `upstream` for what is no URL, and `address_refused` for one that leads to another origin which is not allowed
 */
export function resolveNext(target: string, asked: URL, allow: readonly string[]): URL {
  if (target.length > MOST_LENGTH || !URL.canParse(target, asked.href)) {
    throw new TidegateError('upstream', `${publicForm(asked)} links to a next page that is no URL, or too long`, {
      field: 'pages',
      expected: `a URL of at most ${MOST_LENGTH} characters`,
    });
  }
  const next = new URL(target, asked.href);
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
  return { ...(next.pathname === base.pathname ? {} : { path: storePath(next.pathname, base.pathname) }), query };
}

/** How many segments are those of the feed's own path, and the others. */
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

/** The link that was stored; the base itself for what is none. */
export function restoreLink(stored: Json, base: URL): URL {
  const { url, path, query } = typeof stored === 'object' && stored !== null && !Array.isArray(stored) ? stored : {};
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
  return next;
}
