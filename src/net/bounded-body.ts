/**
 * Bounds the length of a body. It counts the bytes behind the platform's decompression, so it catches a small body that
 * unpacks to a huge one. It holds at most one chunk.
 */
import { TidegateError } from '../base/errors.ts';

interface BodyBound {
  /** Most bytes. One more throws `too_large`. */
  maxBytes: number;
  /** Names the source in the error. */
  source: string;
  /** Ends the exchange. A read then fails with the signal's reason. */
  signal: AbortSignal;
  /** Called when the body ended, broke or was cancelled. */
  onEnd(): void;
  /** Makes the error of a read that failed by itself. */
  broken(cause: unknown): TidegateError;
}

export function boundBody(body: ReadableStream<Uint8Array>, bound: BodyBound): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let bytes = 0;
  const giveUp = (reason: unknown) => {
    bound.onEnd();
    // The upstream's side may be broken already. The reader gets the reason all the same.
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
