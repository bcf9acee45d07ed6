/** A body that is not wanted: it is read to its end within a bound, so that its sender hears why, and kept nowhere. */
import { expect, test } from 'vitest';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createBodies } from '../../../src/http/bodies/bodies.ts';
import { DROPPED_BYTES, DROPPED_MS, dropRest, dropUnread } from '../../../src/http/bodies/unread-body.ts';

const MIB = 1_024 * 1_024;
const gone = () => Promise.reject(new Error('gone'));
const never = () => new Promise<void>(() => {});

/** A body that counts what is taken of it, and says whether it was read to its end. */
function counted(chunks: number, bytes = MIB) {
  const seen = { chunks: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (seen.chunks === chunks) return controller.close();
        seen.chunks += 1;
        controller.enqueue(new Uint8Array(bytes));
      },
      cancel: () => void (seen.cancelled = true),
    },
    { highWaterMark: 0 },
  );
  return { seen, body };
}

const posted = (body: ReadableStream<Uint8Array> | string, headers = {}) =>
  new Request('http://a/mcp', { method: 'POST', body, headers, duplex: 'half' });

test('what comes beyond the limit is read to the end, and is 413', async () => {
  const { seen, body } = counted(5);
  const bodies = createBodies({ now: () => 0, sleep: never });
  expect(await bodies.read(posted(body), MIB)).toMatchObject({ ok: false, status: 413 });
  expect(seen).toEqual({ chunks: 5, cancelled: false });
});

test('a body that nobody looked at is read to the end; one that was read is left alone', async () => {
  const { seen, body } = counted(3);
  await dropUnread(posted(body), { sleep: never });
  expect(seen).toEqual({ chunks: 3, cancelled: false });
  const read = posted('text');
  await read.text();
  await dropUnread(read, { sleep: never });
  await dropUnread(new Request('http://a/'), { sleep: never });
});

test('who sends without an end is cut at the bound', async () => {
  const { seen, body } = counted(Number.POSITIVE_INFINITY);
  await dropRest(body.getReader(), { sleep: never });
  expect(seen.chunks * MIB).toBeLessThanOrEqual(DROPPED_BYTES + 2 * MIB);
  expect(seen.cancelled).toBe(true);
});

test('who sends nothing more is cut after a while, and who goes breaks nothing', async () => {
  const waits: number[] = [];
  const sleep = (ms: number) => (waits.push(ms), Promise.resolve());
  let isCut = false;
  await dropRest({ read: () => new Promise(() => {}), cancel: async () => void (isCut = true) }, { sleep });
  expect([waits, isCut]).toEqual([[DROPPED_MS], true]);
  await dropRest(
    { read: gone, cancel: gone },
    systemRuntime(() => {}),
  );
});
