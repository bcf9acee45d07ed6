/** For tests of the functions without the platform: its global, events, and streams whose reader a test holds. */
import { Writable } from 'node:stream';
import type { Prelude } from '../../../src/hosts/lambda/answer.ts';
import type { HttpEvent } from '../../../src/hosts/lambda/event.ts';

const preludes = new WeakMap<Writable, Prelude>();

Object.assign(globalThis, {
  awslambda: {
    HttpResponseStream: {
      from(stream: Writable, prelude: Prelude): Writable {
        preludes.set(stream, prelude);
        return stream;
      },
    },
  },
});

export interface ReadStream {
  stream: Writable;
  /** What was written, as text. */
  text: () => string;
  /** The head; null before it was made. */
  prelude: () => Prelude | null;
}

/** @param gate nothing is taken before it resolves; then a chunk each turn of the event loop. */
export function readStream({
  gate = Promise.resolve(),
  highWaterMark = 16_384,
}: { gate?: Promise<void>; highWaterMark?: number } = {}): ReadStream {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    highWaterMark,
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      void gate.then(() => setImmediate(done));
    },
  });
  return {
    stream,
    text: () => Buffer.concat(chunks).toString(),
    prelude: () => preludes.get(stream) ?? null,
  };
}

export function event(method: string, path: string, more: Partial<HttpEvent> = {}): HttpEvent {
  const [rawPath = '', rawQueryString = ''] = path.split('?');
  return {
    rawPath,
    rawQueryString,
    headers: { host: 'abc.lambda-url.eu-central-1.on.aws', 'x-forwarded-proto': 'https' },
    isBase64Encoded: false,
    requestContext: { domainName: 'abc.lambda-url.eu-central-1.on.aws', http: { method } },
    ...more,
  };
}

/** An invocation with so much time left, by the real clock. */
export function invocation(ms: number): { getRemainingTimeInMillis(): number } {
  const end = performance.now() + ms;
  return { getRemainingTimeInMillis: () => end - performance.now() };
}
