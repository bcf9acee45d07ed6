/** The event of a function URL or of an HTTP API (payload format 2.0) as a request. Maps and nothing more. */
import { TidegateError } from '../../base/errors.ts';

/** What is read of an event, in the platform's names. */
export interface HttpEvent {
  /** Escaped as it came. */
  rawPath: string;
  /** Without its question mark. */
  rawQueryString: string;
  /** Names in lower case; several values of one name joined with commas. */
  headers: Record<string, string | undefined>;
  /** Taken out of the headers. */
  cookies?: string[];
  body?: string | null;
  isBase64Encoded: boolean;
  requestContext: { domainName: string; http: { method: string } };
}

/** @throws TidegateError `invalid_input` for what no request can be made of. */
export function requestOf(event: HttpEvent, signal: AbortSignal): Request {
  const { rawPath, rawQueryString, requestContext } = event;
  const { method } = requestContext.http;
  const scheme = event.headers['x-forwarded-proto'] === 'http' ? 'http' : 'https';
  // The event's domain and not the `Host` header, which the sender writes.
  const base = `${scheme}://${requestContext.domainName}`;
  try {
    const url = `${base}${rawPath === '' ? '/' : rawPath}${rawQueryString === '' ? '' : `?${rawQueryString}`}`;
    return new Request(url, { method, headers: headersOf(event), body: bodyOf(event, method), signal });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TidegateError('invalid_input', `Not an HTTP request: ${reason}`, { cause });
  }
}

function headersOf({ headers, cookies }: HttpEvent): Headers {
  const found = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) found.append(name, value);
  }
  if (cookies !== undefined && cookies.length > 0) found.set('cookie', cookies.join('; '));
  return found;
}

function bodyOf({ body, isBase64Encoded }: HttpEvent, method: string): Uint8Array<ArrayBuffer> | string | null {
  if (body === undefined || body === null || method === 'GET' || method === 'HEAD') return null;
  return isBase64Encoded ? Uint8Array.from(Buffer.from(body, 'base64')) : body;
}
