/** Bodies as they come from far away: in pieces with pauses between them, cut off in the middle, or without an end. */
import type { Random } from './arguments.ts';

type Coming = 'slow' | 'cut' | 'endless';

/** Longest pause between two pieces, ms of model time. A body may take 30 s. */
const PAUSE_MS = 12_000;
const MOST_PIECES = 6;

/** How a body comes: nearly all come whole, which is null. */
export function comingOf(random: Random): Coming | null {
  return (['slow', 'cut', 'endless'] as const)[random(60)] ?? null;
}

/** @param sleep waits in model time */
export function bodyComing(
  body: string | Uint8Array<ArrayBuffer>,
  coming: Coming,
  random: Random,
  sleep: (ms: number) => Promise<void>,
): ReadableStream<Uint8Array> {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const left = piecesOf(bytes, random);
  const kept = coming === 'cut' ? left.slice(0, random(left.length)) : left;
  return new ReadableStream({
    async pull(controller) {
      const piece = kept.shift();
      if (coming === 'slow') await sleep(random(PAUSE_MS));
      if (piece !== undefined) return controller.enqueue(piece);
      if (coming === 'slow') return controller.close();
      if (coming === 'cut') return controller.error(new Error('the connection was cut'));
      return new Promise(() => {});
    },
  });
}

function piecesOf(bytes: Uint8Array, random: Random): Uint8Array[] {
  const ends = Array.from({ length: random(MOST_PIECES) }, () => random(bytes.length + 1)).toSorted((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}
