/**
 * Which requests may pass: a browser's from an allowed origin, and on a loopback address only those whose `Host` names
 * one, against DNS rebinding. A request without `Origin` does not come from a browser, and passes.
 */

export interface OriginOptions {
  /** Base URL that clients know the server by. Null: the request's own. */
  publicUrl: string | null;
  /** Address that the server listens on. Null: the platform chooses it. With a loopback address `Host` is checked. */
  host: string | null;
  /**
   * Further origins that may send; `*` for all. The server's own may always, and on loopback those of this machine.
   * Default: none.
   */
  allowedOrigins?: readonly string[];
}

export interface OriginGuard {
  /** Why the request is refused, in words for its sender. Null: it may pass. */
  refusal(request: Request): string | null;
  /** As `refusal`, without a look at the origin: for what every page may read. */
  hostRefusal(request: Request): string | null;
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]', '::1']);

export function createOriginGuard({ publicUrl, host, allowedOrigins = [] }: OriginOptions): OriginGuard {
  const onLoopback = host !== null && LOOPBACK.has(host);
  const ownHost = publicUrl === null ? null : new URL(publicUrl).hostname;
  const allowed = new Set(allowedOrigins);
  if (publicUrl !== null) allowed.add(new URL(publicUrl).origin);

  function originAllowed(origin: string, request: Request): boolean {
    if (allowed.has('*') || allowed.has(origin)) return true;
    if (!URL.canParse(origin)) return false;
    const { host: originHost, hostname } = new URL(origin);
    return (onLoopback && LOOPBACK.has(hostname)) || originHost === request.headers.get('host');
  }

  function hostRefusal(request: Request): string | null {
    if (!onLoopback) return null;
    const name = hostnameOf(request.headers.get('host'));
    if (name === null || LOOPBACK.has(name) || name === ownHost) return null;
    return 'Host: expected localhost, since this server listens on a loopback address';
  }

  return {
    hostRefusal,
    refusal(request) {
      const refused = hostRefusal(request);
      if (refused !== null) return refused;
      const origin = request.headers.get('origin');
      return origin === null || originAllowed(origin, request) ? null : 'Origin: not one of those allowed here';
    },
  };
}

function hostnameOf(host: string | null): string | null {
  return host === null ? null : host.replace(/:\d+$/, '').toLowerCase();
}
