/**
 * The one fetch through which feeds and HTTP tools reach the network. It asks https at public hosts, unless `allow` names the
 * host. It follows redirects by hand and checks each like the first URL. It bounds the whole exchange in time, and the body
 * in bytes. It does not retry, does not cache, and judges no status: a 500 is an answer.
 *
 * The name is resolved and checked here. On Node the connection then goes to the checked addresses only (`addresses`, see
 * hosts/node/fetch.ts). Accepted weakness: a platform that ignores `addresses` resolves the name a second time, and a name
 * server that changes its answer in between gets past the check. Workers, and Lambda outside of a VPC, have no private
 * network to reach.
 */
import type { GuardedInit } from '../declare/feed.ts';
import { TidegateError } from '../base/errors.ts';
import type { Runtime } from '../base/runtime.ts';
import { bodyTooLarge, boundBody } from './bounded-body.ts';
import { checkTarget, linkBase, publicForm, resolveTarget } from './fetch-target.ts';
import { utf8Header } from './header-text.ts';
import { headerExpected } from './request-headers.ts';

const DEFAULT_MAX_BYTES = 10 * 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_REDIRECTS = 3;

/** Headers that follow a redirect to another origin. All others may carry a secret of the first origin. */
const PORTABLE_HEADERS = new Set(['accept', 'accept-language', 'content-type', 'user-agent']);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const BODILESS = new Set([204, 205, 304]);

interface Hop {
  url: URL;
  method: 'GET' | 'POST';
  headers: Record<string, string>;
  body: string | undefined;
}

export type GuardedFetch = (url: string, init?: GuardedInit) => Promise<Response>;

/**
 * @returns a fetch that throws TidegateError: `invalid_input` (no URL), `address_refused`, `upstream` (unreachable,
 * too slow, too many redirects), `too_large` (also while the body is read), `cancelled` (the caller's signal). The
 * caller must read or cancel the body, else the exchange stays open until its time is over.
 */
export function createGuardedFetch(runtime: Runtime): GuardedFetch {
  return async (text, init = {}) => {
    const { allow = [], maxBytes = DEFAULT_MAX_BYTES, maxRedirects = DEFAULT_MAX_REDIRECTS } = init;
    const first = checkTarget(text, allow);
    checkHeaders(init.headers ?? {});
    const exchange = openExchange(runtime, publicForm(first), init);
    try {
      let hop: Hop = { url: first, method: init.method ?? 'GET', headers: init.headers ?? {}, body: init.body };
      for (let redirects = 0; ; redirects += 1) {
        const response = await exchange.race(ask(runtime, hop, allow, exchange.signal));
        const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null;
        if (location === null) {
          const answer = bounded(response, maxBytes, exchange, publicForm(hop.url));
          return redirects === 0 ? answer : withUrl(answer, hop.url);
        }
        // Nobody reads the body of a redirect. If it breaks, the redirect is followed all the same.
        response.body?.cancel().catch(() => {});
        if (redirects >= maxRedirects) {
          throw new TidegateError('upstream', `${publicForm(first)} redirects more than ${maxRedirects} times`, {
            field: 'url',
            expected: `at most ${maxRedirects} redirects`,
          });
        }
        hop = follow(hop, response.status, utf8Header(location), allow);
      }
    } catch (error) {
      exchange.end();
      throw error;
    }
  };
}

async function ask(runtime: Runtime, hop: Hop, allow: readonly string[], signal: AbortSignal): Promise<Response> {
  const addresses = await resolveTarget(hop.url, allow, runtime.resolve);
  try {
    return await runtime.fetch(hop.url.href, {
      method: hop.method,
      headers: hop.headers,
      redirect: 'manual',
      signal,
      ...(hop.body === undefined ? {} : { body: hop.body }),
      ...(addresses === null ? {} : { addresses }),
    });
  } catch (cause) {
    throw unreachable(publicForm(hop.url), cause);
  }
}

function checkHeaders(headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) {
    const expected = headerExpected(name, value);
    if (expected === null) continue;
    const field = `headers.${name}`;
    throw new TidegateError('invalid_input', `${field} of a fetch cannot be sent`, { field, expected });
  }
}

function follow(hop: Hop, status: number, location: string, allow: readonly string[]): Hop {
  if (!URL.canParse(location, hop.url.href)) {
    throw new TidegateError('upstream', `${publicForm(hop.url)} redirects to what is no URL`, { field: 'url' });
  }
  const url = checkTarget(new URL(location, hop.url).href, allow);
  if (hop.url.protocol === 'https:' && url.protocol === 'http:') {
    throw new TidegateError('address_refused', `${publicForm(hop.url)} redirects from https to http`, {
      field: 'url',
      expected: 'redirects that stay on https',
    });
  }
  const headers =
    url.origin === hop.url.origin
      ? hop.headers
      : Object.fromEntries(Object.entries(hop.headers).filter(([name]) => PORTABLE_HEADERS.has(name.toLowerCase())));
  const toGet = status === 303 || (hop.method === 'POST' && status < 303);
  if (!toGet && hop.body !== undefined && url.origin !== hop.url.origin) {
    throw new TidegateError('address_refused', `${publicForm(hop.url)} redirects a body to ${url.origin}`, {
      field: 'url',
      expected: 'redirects that stay at the origin, as a body may carry a secret',
    });
  }
  return toGet ? { url, method: 'GET', headers, body: undefined } : { ...hop, url, headers };
}

/** Says where redirects led, as a response of the platform does. Without the query, which may hold a secret. */
function withUrl(response: Response, url: URL): Response {
  return Object.defineProperty(response, 'url', { value: linkBase(url) });
}

function bounded(response: Response, maxBytes: number, exchange: Exchange, source: string): Response {
  const declared = Number(response.headers.get('content-length') ?? 0);
  if (declared > maxBytes && !response.headers.has('content-encoding') && response.body !== null) {
    response.body.cancel().catch(() => {});
    throw bodyTooLarge(source, maxBytes);
  }
  const { status, statusText } = response;
  const headers = new Headers(response.headers);
  // They describe the packed body, and this one is unpacked.
  headers.delete('content-encoding');
  headers.delete('content-length');
  if (response.body === null || BODILESS.has(status)) {
    exchange.end();
    return new Response(null, { status, statusText, headers });
  }
  const body = boundBody(response.body, {
    maxBytes,
    source,
    signal: exchange.signal,
    onEnd: () => exchange.end(),
    broken: (cause) => unreachable(source, cause),
  });
  return new Response(body, { status, statusText, headers });
}

interface Exchange {
  signal: AbortSignal;
  /** Settles as `work` does, or rejects with the signal's reason when it aborts. */
  race<Value>(work: Promise<Value>): Promise<Value>;
  /** Stops the clock. Safe to call twice. */
  end(): void;
}

function openExchange(runtime: Runtime, source: string, init: GuardedInit): Exchange {
  const timeoutMs = init.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const aborter = new AbortController();
  const clock = new AbortController();
  const cancel = () => aborter.abort(new TidegateError('cancelled', `the fetch of ${source} was cancelled`));
  if (init.signal?.aborted) cancel();
  init.signal?.addEventListener('abort', cancel, { once: true, signal: clock.signal });
  const watch = async () => {
    await runtime.sleep(timeoutMs, clock.signal);
    if (!clock.signal.aborted) aborter.abort(tooSlow(source, timeoutMs));
  };
  void watch();
  return {
    signal: aborter.signal,
    end: () => clock.abort(),
    race: (work) =>
      new Promise((resolve, reject) => {
        const stop = () => reject(aborter.signal.reason as TidegateError);
        if (aborter.signal.aborted) stop();
        aborter.signal.addEventListener('abort', stop, { once: true, signal: clock.signal });
        work.then(resolve, reject);
      }),
  };
}

function tooSlow(source: string, timeoutMs: number): TidegateError {
  return new TidegateError('upstream', `${source} did not answer within ${timeoutMs} ms`, {
    field: 'timeoutMs',
    expected: `the whole answer within ${timeoutMs} ms`,
  });
}

const CLOSED = 'the other side closed the connection before the answer was whole';

/** What codes of the network mean. Where none stands here, the code speaks for itself. */
const BROKEN: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: CLOSED,
  UND_ERR_SOCKET: CLOSED,
  HTTP: 'what it answered is no HTTP',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the body has another length than its Content-Length says',
};

function unreachable(source: string, thrown: unknown): TidegateError {
  if (thrown instanceof TidegateError) return thrown;
  const cause = thrown instanceof Error ? (thrown.cause ?? thrown) : thrown;
  const given = cause instanceof Error && 'code' in cause ? cause.code : null;
  const isParsed = cause instanceof Error && cause.name === 'HTTPParserError';
  // An answer that ends within a chunk.
  if (isParsed && cause.message.includes('Invalid EOF state')) {
    return new TidegateError('upstream', `${source} cannot be read: ${CLOSED}`, { cause: thrown });
  }
  const code = isParsed || given === 'ERR_ASSERTION' ? 'HTTP' : typeof given === 'string' ? given : null;
  const words = BROKEN[code ?? ''];
  const reason =
    words === undefined
      ? (code ?? (cause instanceof Error ? cause.message : String(cause)))
      : code === 'HTTP'
        ? words
        : `${words} (${code})`;
  return new TidegateError('upstream', `${source} cannot be read: ${reason}`, { cause: thrown });
}
