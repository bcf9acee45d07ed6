/** A response in the two forms that Lambda knows: a stream that is written as fast as its reader reads, and one JSON value. */
import type { Writable } from 'node:stream';
import { TidegateError } from '../../base/errors.ts';

/** The head of a streamed answer, in the platform's names. */
export interface Prelude {
  statusCode: number;
  headers: Record<string, string>;
  cookies: string[];
}

export interface BufferedAnswer extends Prelude {
  body: string;
  isBase64Encoded: boolean;
}

/** The platform takes 6 MiB of JSON, in which escapes and base64 make a body longer. */
const MOST_BUFFERED_BYTES = 6_000_000;
/** A body of this many characters fits however it is escaped, so it is not measured. */
const FEW_BYTES = 500_000;

const TEXT = /^(?:text\/|application\/(?:[\w.-]+\+)?json\b)/;

/** Cookies go beside the headers, since they cannot be joined. */
export function preludeOf(response: Response): Prelude {
  const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== 'set-cookie'));
  return { statusCode: response.status, headers, cookies: response.headers.getSetCookie() };
}

/**
 * Writes a body to its end, and ends the stream. Waits where the reader is slower than the body.
 * @param type of the content. Readers of server-sent events are told to come again where the signal cuts them.
 * @throws the signal's reason, as soon as it aborts; the body is cancelled then, and the stream left open.
 */
export async function writeBody(
  body: ReadableStream | null,
  stream: Writable,
  signal: AbortSignal,
  type: string | null = null,
): Promise<void> {
  // The head goes out with the first write, so there is one even without a body.
  stream.write('');
  const reader = body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    for (;;) {
      const next = reader ? await orAborted(reader.read(), signal) : null;
      if (!next || next.done) break;
      if (!stream.write(next.value)) await orAborted(drained(stream), signal);
    }
  } catch (error) {
    // The write may settle only after its writer looks again.
    reader?.cancel(error).catch(() => {});
    if (type?.startsWith('text/event-stream') === true && !stream.destroyed) stream.write(RETRY);
    throw error;
  }
  stream.end();
}

/** Ms after which a client comes back to what was cut. */
const RETRY = 'retry: 1000\n\n';

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => void stream.once('drain', resolve));
}

/** @throws TidegateError `too_large` */
export async function bufferedAnswer(response: Response): Promise<BufferedAnswer> {
  const bytes = Buffer.from(await response.arrayBuffer());
  const isText = TEXT.test(response.headers.get('content-type') ?? 'text/plain');
  const body = bytes.toString(isText ? 'utf8' : 'base64');
  const answer = { ...preludeOf(response), body, isBase64Encoded: !isText };
  if (bytes.length > FEW_BYTES && Buffer.byteLength(JSON.stringify(answer)) > MOST_BUFFERED_BYTES) {
    throw new TidegateError('too_large', 'The answer is too large for this way', {
      expected: `an answer of at most ${MOST_BUFFERED_BYTES} bytes, with its escapes`,
      hint: 'ask for a smaller page, or use the URL that streams',
    });
  }
  return answer;
}

/** Rejects with the signal's reason where the signal comes first. The work goes on, and its failure is then ignored. */
export function orAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
