/**
 * The headers that let a page of an allowed origin read what is answered to it, whatever that is: a result, a refusal, an
 * unknown path. A page of another origin reads nothing but the public documents, which say so themselves.
 */
import type { Context, Next } from 'hono';
import type { OriginGuard } from './origin.ts';

/** What a page may read beside the few headers that it always may. */
const EXPOSED = 'Allow, Mcp-Session-Id, Retry-After, WWW-Authenticate';
/** DELETE ends a session. Where there are none, clients send it all the same, and have to be able to read that. */
const METHODS = 'GET, POST, DELETE';
const PREFLIGHT_SECONDS = '3600';

/**
 * Answers preflights, and adds headers to all other answers. A request that the guard refuses gets neither, and what comes from no
 * page waits for nothing here.
 */
export function createCors(guard: OriginGuard): (context: Context, next: Next) => Promise<void> {
  return (context, next) => {
    const { raw } = context.req;
    const origin = raw.headers.get('origin');
    return origin === null || guard.refusal(raw) !== null ? next() : answerPage(context, next, origin);
  };
}

async function answerPage(context: Context, next: Next, origin: string): Promise<void> {
  const { raw } = context.req;
  if (raw.method === 'OPTIONS') {
    context.res = preflight(raw, origin);
    return;
  }
  await next();
  if (context.res.headers.has('access-control-allow-origin')) return;
  // The response may be one whose headers cannot be changed, and is copied then.
  allow(origin, (name, value) => context.header(name, value, { append: name === 'Vary' }));
}

function preflight({ headers: asked }: Request, origin: string): Response {
  const names = asked.get('access-control-request-headers');
  const headers = new Headers({
    'Access-Control-Allow-Methods': METHODS,
    'Access-Control-Max-Age': PREFLIGHT_SECONDS,
    ...(names === null ? {} : { 'Access-Control-Allow-Headers': names }),
  });
  allow(origin, (name, value) => headers.append(name, value));
  return new Response(null, { status: 204, headers });
}

function allow(origin: string, add: (name: string, value: string) => void): void {
  add('Access-Control-Allow-Origin', origin);
  add('Access-Control-Expose-Headers', EXPOSED);
  add('Vary', 'Origin');
}
