/** Between HTTP and invocations, as a function URL and an HTTP API translate (payload format 2.0). */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Outcome } from './lambda-instance.ts';

const HEAD_TYPE = 'application/vnd.awslambda.http-integration-response';
const HEAD_END = Buffer.alloc(8);
const TEXT = /^(text\/|application\/(json|xml|javascript|[\w.-]+\+(json|xml)|x-www-form-urlencoded))/;

interface Head {
  statusCode?: number;
  headers?: Record<string, string>;
  cookies?: string[];
}

export async function eventOf(request: IncomingMessage): Promise<object> {
  const body = Buffer.concat(await request.toArray());
  const url = new URL(request.url ?? '/', 'http://local');
  const { cookie, ...rest } = request.headers;
  const headers = Object.fromEntries(
    Object.entries(rest).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]),
  );
  const isText = TEXT.test(request.headers['content-type'] ?? '');
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    ...(cookie === undefined ? {} : { cookies: cookie.split('; ') }),
    headers: { ...headers, 'x-forwarded-proto': 'http' },
    requestContext: {
      domainName: request.headers.host ?? 'local',
      http: { method: request.method, path: url.pathname, sourceIp: '127.0.0.1' },
      requestId: randomUUID(),
      stage: '$default',
      timeEpoch: Date.now(),
    },
    ...(body.length === 0 ? {} : { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

export function sendValue(value: unknown, response: ServerResponse): void {
  const answer = value as Head & { body?: string; isBase64Encoded?: boolean };
  response.writeHead(answer.statusCode ?? 200, headersOf(answer));
  response.end(Buffer.from(answer.body ?? '', answer.isBase64Encoded ? 'base64' : 'utf8'));
}

/** Passes a body on as fast as the client reads. Where the body breaks off or its function fails, the answer breaks off. */
export function sendStream(
  { contentType, body, failed }: Outcome & { kind: 'stream' },
  response: ServerResponse,
): void {
  let before: Buffer | null = Buffer.alloc(0);
  if (contentType !== HEAD_TYPE) {
    before = null;
    response.writeHead(200, { 'Content-Type': contentType });
  }
  body.on('data', (chunk: Buffer) => {
    let rest = chunk;
    if (before !== null) {
      before = Buffer.concat([before, chunk]);
      const end = before.indexOf(HEAD_END);
      if (end < 0) return;
      const head = JSON.parse(before.subarray(0, end).toString()) as Head;
      rest = before.subarray(end + HEAD_END.length);
      before = null;
      response.writeHead(head.statusCode ?? 200, headersOf(head)).flushHeaders();
    }
    // A client that went away does not end the function. What the function still writes is read and dropped.
    if (rest.length === 0 || response.destroyed || response.write(rest)) return;
    body.pause();
  });
  const goOn = () => void body.resume();
  response.on('drain', goOn).on('close', goOn);
  body.on('end', () => {
    if (before !== null) response.writeHead(502);
    if (failed()) response.destroy();
    else response.end();
  });
  body.on('close', () => {
    if (!body.complete) response.destroy();
  });
}

function headersOf({ headers = {}, cookies = [] }: Head): Record<string, string | string[]> {
  return cookies.length > 0 ? { ...headers, 'set-cookie': cookies } : headers;
}
