/**
 * Answers that are streamed while their handlers work. Whatever a handler writes is taken at once, because its own stream would
 * keep it without a bound, and is kept here until its reader takes it. Who takes nothing for long is cut, and where all together
 * keep too much, who has stood still longest: the handler is told. Each invocation touches its own stream alone, as the platform
 * asks for; of another it only lets go what it keeps.
 *
 * Accepted weakness: the platform takes some of an answer into buffers of its own, of which nobody is told. What one request may
 * answer, and how long it may take, bounds that.
 */
import type { Runtime } from '../../base/runtime.ts';

export interface AnswerBounds {
  /** Most bytes that readers have not taken, of all streams. */
  unsentBytes: number;
  /** How long a reader may take nothing, ms. */
  answerMs: number;
}

const LOOK_MS = 1_000;

/** @param end is called when the handler is done, or is told that its reader is cut */
export type BoundAnswer = (response: Response, end: () => void) => Response;

interface Kept {
  chunks: Uint8Array[];
  bytes: number;
  /** When its reader took something last, or the first of it was kept, epoch ms. */
  since: number;
  /** Nothing more comes. */
  isDone: boolean;
  isCut: boolean;
}

export function createAnswers(
  { unsentBytes, answerMs }: AnswerBounds,
  { now, sleep }: Pick<Runtime, 'now' | 'sleep'>,
): BoundAnswer {
  /** Those of which something is kept; who has stood still longest comes first. */
  const slow = new Set<Kept>();
  let unsent = 0;

  function count(kept: Kept, more: number): void {
    kept.bytes += more;
    unsent += more;
    if (slow.has(kept) && more > 0) return;
    slow.delete(kept);
    kept.since = now();
    if (kept.bytes > 0) slow.add(kept);
  }

  function letGo(kept: Kept): void {
    kept.isCut = true;
    kept.chunks = [];
    count(kept, -kept.bytes);
  }

  function streamOf(body: ReadableStream<Uint8Array>, end: () => void): ReadableStream<Uint8Array> {
    const source = body.getReader();
    const kept: Kept = { chunks: [], bytes: 0, since: 0, isDone: false, isCut: false };
    const over = new AbortController();
    let isWatched = false;
    let wake: (() => void) | null = null;

    function leave(reason: unknown): Promise<void> {
      letGo(kept);
      over.abort();
      end();
      return source.cancel(reason);
    }

    function cut(controller: ReadableStreamDefaultController<Uint8Array>): void {
      const reason = new Error('the reader takes nothing of the answer');
      controller.error(reason);
      leave(reason).catch(() => {});
    }

    function keep(chunk: Uint8Array): void {
      kept.chunks.push(chunk);
      count(kept, chunk.length);
      for (const longest of slow) {
        if (unsent <= unsentBytes) break;
        letGo(longest);
      }
    }

    async function drain(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
      try {
        for (let next = await source.read(); !next.done; next = await source.read()) {
          if (kept.isCut) return;
          keep(next.value);
          if (wake !== null) wake();
          else if (!isWatched) void watch(controller);
        }
        kept.isDone = true;
      } catch (thrown) {
        controller.error(thrown);
      } finally {
        end();
        wake?.();
      }
    }

    async function watch(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
      isWatched = true;
      while (kept.bytes > 0 || kept.isCut) {
        if (kept.isCut || now() - kept.since >= answerMs) return cut(controller);
        await sleep(Math.min(LOOK_MS, answerMs), over.signal);
        if (over.signal.aborted) return;
      }
      isWatched = false;
    }

    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => void drain(controller),
        async pull(controller) {
          while (kept.chunks.length === 0 && !kept.isDone && !kept.isCut) {
            await new Promise<void>((resolve) => (wake = resolve));
            wake = null;
          }
          if (kept.isCut) return over.signal.aborted ? undefined : cut(controller);
          const chunk = kept.chunks.shift();
          if (chunk === undefined) return controller.close();
          count(kept, -chunk.length);
          controller.enqueue(chunk);
        },
        cancel: leave,
      },
      { highWaterMark: 0 },
    );
  }

  return (response, end) => {
    if (response.body === null || !isEventStream(response)) {
      end();
      return response;
    }
    return new Response(streamOf(response.body as ReadableStream<Uint8Array>, end), response);
  };
}

function isEventStream({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') === true;
}
