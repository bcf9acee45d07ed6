/**
 * A real HTTP source on 127.0.0.1 whose paths behave as a test says, well or badly. It records what it was asked and
 * how much it sent. Behaviours are plain request handlers, so a test may write its own.
 */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGzip } from 'node:zlib';
import { pipeline, Readable } from 'node:stream';

export interface HttpSource extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  origin: string;
  /** `127.0.0.1:<port>`, as a feed's `allow` takes it. */
  host: string;
  /** Newest last. */
  requests: {
    method: string;
    path: string;
    query: URLSearchParams;
    headers: IncomingMessage['headers'];
    body: string;
  }[];
  /** Bytes written to sockets, so that a test can show that a body was not sent to its end. */
  bytesSent(): number;
  /** Connections that are open now. */
  connections(): Promise<number>;
  /** What a path answers from now on; any other path answers 404. */
  on(path: string, behaviour: RequestListener): void;
  close(): Promise<void>;
}

export async function startHttpSource(): Promise<HttpSource> {
  const behaviours = new Map<string, RequestListener>();
  const requests: HttpSource['requests'] = [];
  let sent = 0;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const asked: HttpSource['requests'][number] = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: '',
    };
    requests.push(asked);
    // A client that goes away in the middle is what many tests are about.
    response.on('error', () => {});
    // So that an open connection means an exchange that still runs.
    response.setHeader('connection', 'close');
    const behave = () => (behaviours.get(url.pathname) ?? status(404))(request, response);
    if (request.method === 'GET') return behave();
    // A behaviour is asked when the body has come: `source.requests.at(-1)` has it.
    request.setEncoding('utf8');
    request.on('data', (piece: string) => (asked.body += piece));
    request.on('end', behave);
  });
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('close', () => (sent += socket.bytesWritten));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    origin: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    requests,
    bytesSent: () => sent,
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
      }),
    on: (path, behaviour) => void behaviours.set(path, behaviour),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** JSON, with an ETag of its content; 304 where the request knows it. */
export function json(value: unknown, headers: Record<string, string> = {}): RequestListener {
  const text = JSON.stringify(value);
  const etag = `"${text.length}-${checksum(text)}"`;
  return (request, response) => {
    const known = request.headers['if-none-match'] === etag;
    response.writeHead(known ? 304 : 200, { 'content-type': 'application/json', etag, ...headers });
    response.end(known ? undefined : text);
  };
}

/** JSON that is made of the query of each request. */
export function answering(make: (query: URLSearchParams) => unknown): RequestListener {
  return (request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(make(searchParams)));
  };
}

/** Any text, whole. */
export function text(
  body: string | Uint8Array,
  contentType = 'application/json',
  headers: Record<string, string> = {},
): RequestListener {
  return (_request, response) => response.writeHead(200, { 'content-type': contentType, ...headers }).end(body);
}

/** NDJSON of `count` lines, made and sent as the client takes them. */
export function ndjson(
  count: number,
  line: (index: number) => unknown,
  headers: Record<string, string> = {},
): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson', ...headers });
    send(Readable.from(ndjsonChunks(count, line)), response);
  };
}

function* ndjsonChunks(count: number, line: (index: number) => unknown): Generator<string> {
  for (let at = 0; at < count; at += 500) {
    const end = Math.min(at + 500, count);
    let chunk = '';
    for (let index = at; index < end; index += 1) chunk += `${JSON.stringify(line(index))}\n`;
    yield chunk;
  }
}

/** A body of `bytes` bytes: one endless JSON text, or what the chunk says, repeated. */
export function huge(bytes: number, contentType = 'application/json', chunk = 'x'.repeat(65_536)): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': contentType });
    send(Readable.from(repeated(bytes, chunk)), response);
  };
}

/** A small body that unpacks to `bytes` bytes. */
export function gzipBomb(bytes: number): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    const gzip = createGzip();
    send(Readable.from(repeated(bytes, ' '.repeat(65_536))).pipe(gzip), response);
  };
}

function* repeated(bytes: number, chunk: string): Generator<Buffer> {
  const piece = Buffer.from(chunk);
  for (let sent = 0; sent < bytes; sent += piece.length) yield piece.subarray(0, Math.min(piece.length, bytes - sent));
}

/** Takes the request and never answers. */
export const hang: RequestListener = () => {};

/** Sends headers and the pieces, and then stays open without a word. */
export function stall(pieces: readonly string[], contentType = 'application/json'): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': contentType });
    response.flushHeaders();
    for (const piece of pieces) response.write(piece);
  };
}

/** Sends one piece every `everyMs`, for ever. */
export function drip(piece: string, everyMs: number, contentType = 'application/json'): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': contentType });
    const timer = setInterval(() => response.write(piece), everyMs);
    response.on('close', () => clearInterval(timer));
  };
}

/** Sends half of what it announces, and breaks the connection. */
export function breakOff(half: string, contentType = 'application/json'): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': contentType, 'content-length': String(half.length * 2) });
    response.write(half, () => response.destroy());
  };
}

export function redirect(location: string, code = 302): RequestListener {
  return (_request, response) => response.writeHead(code, { location }).end();
}

export function status(code: number, headers: Record<string, string> = {}): RequestListener {
  return (_request, response) => response.writeHead(code, headers).end(`status ${code}`);
}

function send(body: Readable, response: ServerResponse): void {
  // A client that leaves is no failure of the source.
  pipeline(body, response, () => {});
}

function checksum(content: string): number {
  let sum = 0;
  for (let at = 0; at < content.length; at += 1) sum = (sum * 31 + content.charCodeAt(at)) | 0;
  return sum;
}
