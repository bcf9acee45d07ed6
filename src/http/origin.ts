/**
 * Which requests may pass: a browser's from an allowed origin, and on a loopback address only those whose `Host` is a
 * name of the server, against DNS rebinding. What was bound, `PUBLIC_URL` and `ALLOWED_ORIGINS` decide it. That `Host`
 * and `Origin` are the same proves nothing, because whoever bound a name of theirs to this machine writes both. A request
 * without `Origin` does not come from a browser that sends data, and passes.
 */
import { TidegateError } from '../base/errors.ts';
import {
  hasOrigin,
  isEveryAddress,
  isLoopback,
  ORIGIN_EXPECTED,
  readHostname,
  readOrigin,
} from '../base/config/origins.ts';

export interface OriginOptions {
  /** Base URL that clients know the server by. Null: the request's own; then the server has no origin of its own. */
  publicUrl: string | null;
  /**
   * Address that the server listens on, or a name of it. Null: the platform or another server chooses it. With a
   * loopback address `Host` is checked.
   */
  host: string | null;
  /**
   * Further origins that may send, such as `https://ui.example`; `*` for all. That of `publicUrl` may always, on loopback
   * those of this machine, and those of an address that was bound by itself. Default: none.
   */
  allowedOrigins?: readonly string[];
}

/** Why a request is refused, in words for its sender. */
export interface OriginRefusal {
  field: 'Host' | 'Origin';
  message: string;
  expected: string;
  hint: string;
}

export interface OriginGuard {
  /** Null: the request may pass. */
  refusal(request: Request): OriginRefusal | null;
  /** As `refusal`, without a look at the origin: for what every page may read. */
  hostRefusal(request: Request): OriginRefusal | null;
  /** What the server's own URLs begin with in an answer: `publicUrl`, or the host that was judged. */
  baseUrl(request: Request): string;
  /** Whether pages of this origin may send, and read what is answered. */
  allows(origin: string): boolean;
}

const HOST_REFUSED: OriginRefusal = {
  field: 'Host',
  message: 'Host: not a name of this server',
  expected: 'localhost, since this server listens on a loopback address',
  hint: 'where it is reached by another name, set PUBLIC_URL to its URL there',
};

const ORIGIN_REFUSED: OriginRefusal = {
  field: 'Origin',
  message: 'Origin: pages of this origin may not send to this server',
  expected: 'the origin of PUBLIC_URL, or one of those in ALLOWED_ORIGINS',
  hint: 'name it in the variable ALLOWED_ORIGINS of the server, as https://ui.example',
};

/** @throws TidegateError `invalid_config` for what is no origin. */
export function createOriginGuard({ publicUrl, host, allowedOrigins = [] }: OriginOptions): OriginGuard {
  const allowed = new Set(allowedOrigins.map(checkedOrigin));
  if (publicUrl !== null) allowed.add(new URL(publicUrl).origin);
  const bound = host === null ? null : readHostname(host);
  const onLoopback = bound !== null && isLoopback(bound);
  /** Names by which a server on loopback may be asked, beside those of loopback. */
  const names = new Set([...allowed].flatMap((origin) => webHostname(origin) ?? []));
  if (bound !== null) names.add(bound);

  /** The last `Host` that passed: nearly all requests name the server in one way. */
  let passed: string | null = null;

  function hostRefusal(request: Request): OriginRefusal | null {
    const given = onLoopback && !allowed.has('*') ? hostOf(request) : null;
    if (given === null || given === passed) return null;
    const name = readHostname(given);
    if (name === null || !(isLoopback(name) || names.has(name))) return HOST_REFUSED;
    passed = given;
    return null;
  }

  function allows(origin: string): boolean {
    if (hasOrigin(allowed, origin)) return true;
    const hostname = webHostname(origin);
    if (hostname === null || bound === null) return false;
    return onLoopback ? isLoopback(hostname) || hostname === bound : hostname === bound && !isEveryAddress(bound);
  }

  return {
    hostRefusal,
    // A target may be absolute, and name another server than the `Host` that was judged.
    baseUrl: (request) => publicUrl ?? baseOf(request),
    allows,
    refusal(request) {
      const refused = hostRefusal(request);
      if (refused !== null) return refused;
      const origin = request.headers.get('origin');
      return origin === null || allows(origin) ? null : ORIGIN_REFUSED;
    },
  };
}

/** As the request names the server; where there is no `Host`, as its target does. */
function hostOf({ headers, url }: Request): string {
  return headers.get('host') ?? new URL(url).host;
}

export function baseOf(request: Request): string {
  const { protocol, origin } = new URL(request.url);
  return URL.parse(`${protocol}//${hostOf(request)}`)?.origin ?? origin;
}

function webHostname(origin: string): string | null {
  return /^https?:/.test(origin) ? readHostname(origin.split('//')[1] ?? '') : null;
}

function checkedOrigin(given: string): string {
  const origin = readOrigin(given);
  if (origin !== null) return origin;
  const field = 'allowedOrigins';
  throw new TidegateError('invalid_config', `${field}: ${JSON.stringify(given)} is no origin`, {
    field,
    expected: ORIGIN_EXPECTED,
  });
}
