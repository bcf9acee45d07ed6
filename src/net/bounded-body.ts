/**
 * A body of bounded length. Counts what comes out of the platform's decompression, so a small body that unpacks to a
 * huge one is caught; holds at most one chunk.
 */
import { TidegateError } from '../base/errors.ts';

export interface BodyBound {
  /** Bytes; one more throws `too_large`. */
  maxBytes: number;
  /** For the error. */
  source: string;
  /** Aborts the exchange; a read then fails with its reason. */
  signal: AbortSignal;
  /** Called once, when the body ended, broke or was given up. */
  onEnd(): void;
  /** What a read that broke by itself becomes. */
  broken(cause: unknown): TidegateError;
}

export function boundBody(body: ReadableStream<Uint8Array>, bound: BodyBound): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let bytes = 0;
  const giveUp = (reason: unknown) => {
    bound.onEnd();
    // The upstream's side may already be broken; what matters is the reason that the reader gets.
    reader.cancel(reason).catch(() => {});
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const onAbort = () => {
          giveUp(bound.signal.reason);
          controller.error(bound.signal.reason);
        };
        if (bound.signal.aborted) onAbort();
        else bound.signal.addEventListener('abort', onAbort, { once: true });
      },
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (bound.signal.aborted) return;
          if (done) {
            bound.onEnd();
            controller.close();
            return;
          }
          bytes += value.byteLength;
          if (bytes > bound.maxBytes) throw bodyTooLarge(bound.source, bound.maxBytes);
          controller.enqueue(value);
        } catch (error) {
          if (bound.signal.aborted) return;
          const reason = error instanceof TidegateError ? error : bound.broken(error);
          giveUp(reason);
          controller.error(reason);
        }
      },
      cancel(reason) {
        giveUp(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

export function bodyTooLarge(source: string, maxBytes: number): TidegateError {
  return new TidegateError('too_large', `the body of ${source} is larger than ${maxBytes} bytes`, {
    field: 'maxBytes',
    expected: `at most ${maxBytes} bytes after decompression`,
    hint: 'raise maxBytes if the source is meant to be that large',
  });
}
