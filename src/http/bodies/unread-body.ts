/**
 * What becomes of a body that is not wanted. Platforms that hand over the stream of a body cut the connection where an answer comes before
 * the body was read, and its sender hears of a lost connection in place of the refusal. So what still comes is read and kept nowhere, up
 * to a bound. Who sends more, or slowly, is cut as before.
 */
import type { Runtime } from '../../base/runtime.ts';

/** As many bytes are read of a body that is refused. */
export const DROPPED_BYTES = 8 * 1_024 * 1_024;
/** For so long, ms. */
export const DROPPED_MS = 2_000;

type Reader = Pick<ReadableStreamDefaultReader<Uint8Array>, 'read' | 'cancel'>;

/** Reads to the end, or to the bound, and ends the stream. Never rejects. */
export async function dropRest(reader: Reader, runtime: Pick<Runtime, 'sleep'>): Promise<void> {
  const over = new AbortController();
  const late = runtime.sleep(DROPPED_MS, over.signal).then(() => null);
  try {
    for (let bytes = 0; bytes <= DROPPED_BYTES;) {
      const next = await Promise.race([reader.read(), late]);
      if (next === null || next.done) break;
      bytes += next.value.length;
    }
  } catch {
    // Its sender has gone.
  } finally {
    over.abort();
    reader.cancel().catch(() => {});
  }
}

/** Drops the body of a request that was answered without a look at it. */
export async function dropUnread(request: Request, runtime: Pick<Runtime, 'sleep'>): Promise<void> {
  if (request.bodyUsed || request.body === null) return;
  await dropRest(request.body.getReader(), runtime);
}
