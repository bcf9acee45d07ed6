/** The one reader of bodies: bytes stay bytes, and what unfinished bodies hold has a bound and a time. */
import { expect, test } from 'vitest';
import { createBodies, FREE_BYTES, type BodySource } from '../../../src/http/bodies/bodies.ts';

const KIB = 1_024;

/** A time that whoever sleeps moves on. */
function stage(bounds: { bytes?: number; ms?: number } = {}) {
  let time = 0;
  const sleep = async (ms: number) => {
    await new Promise((resolve) => setImmediate(resolve));
    time += ms;
  };
  return {
    bodies: createBodies({ now: () => time, sleep }, bounds),
    now: () => time,
    pass: (ms: number) => (time += ms),
  };
}

const post = (headers: Record<string, string> = {}) => new Request('http://a/mcp', { method: 'POST', headers });
const bytes = (length: number) => new Uint8Array(length).fill(32);

/** Hands over these chunks, and ends when `end` resolves. */
function sourceOf(chunks: readonly Uint8Array[], end: Promise<unknown> = Promise.resolve()): BodySource {
  return async (take) => {
    for (const chunk of chunks) if ((await take(chunk)) === false) return;
    await end;
  };
}

test('a body of one byte a chunk is one text', async () => {
  const text = `{"a":"${'é'.repeat(3_000)}"}`;
  const chunks = [...new TextEncoder().encode(text)].map((byte) => Uint8Array.of(byte));
  expect(await stage().bodies.read(post(), 10_000, sourceOf(chunks))).toEqual({ ok: true, text });
});

test('a chunk that others hold is not written to', async () => {
  const shared = bytes(8);
  await stage().bodies.read(post(), 100, sourceOf([shared.subarray(0, 4), Uint8Array.of(65)]));
  expect([...shared]).toEqual([...bytes(8)]);
});

test.each([
  ['a declared length above the limit', post({ 'Content-Length': '11' }), sourceOf([]), 413],
  ['more bytes than the limit', post(), sourceOf([bytes(6), bytes(5)]), 413],
  ['bytes that are no UTF-8', post(), sourceOf([Uint8Array.of(0xff)]), 400],
  ['a body that broke off', post(), () => Promise.reject(new Error('gone')), 400],
])('%s is refused', async (_name, request, source, status) => {
  expect(await stage().bodies.read(request, 10, source)).toMatchObject({ ok: false, status });
});

test('a stream that does not end is given up in time', async () => {
  const { bodies, now } = stage({ ms: 2_000 });
  const body = new ReadableStream({ start: (controller) => controller.enqueue(bytes(3)) });
  const request = new Request('http://a/mcp', { method: 'POST', body, duplex: 'half' });
  expect(await bodies.read(request, 10)).toMatchObject({ ok: false, status: 408 });
  expect(now()).toBe(2_000);
});

test.each([
  ['says that it is small and does not come whole is given up in time', 100, '{"a":', false, 408],
  ['is longer than it says is read up to the limit', 10, 'x'.repeat(50_000), true, 413],
])('a stream that %s', async (_, declared, text, hasEnd, status) => {
  const { bodies } = stage();
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      if (hasEnd) controller.close();
    },
  });
  const headers = { 'content-length': `${declared}` };
  const request = new Request('http://a/mcp', { method: 'POST', headers, body, duplex: 'half' });
  expect(await bodies.read(request, 20_000)).toMatchObject({ ok: false, status });
});

test('where unfinished bodies take all the room, a large one waits for it, and a small one needs none', async () => {
  const { bodies } = stage({ bytes: 100 * KIB });
  const end = Promise.withResolvers<void>();
  const first = bodies.read(post(), 200 * KIB, sourceOf([bytes(FREE_BYTES + 100 * KIB)], end.promise));
  const second = bodies.read(post(), 200 * KIB, sourceOf([bytes(FREE_BYTES), bytes(KIB)]));
  expect(await bodies.read(post(), 200 * KIB, sourceOf([bytes(FREE_BYTES)]))).toMatchObject({ ok: true });
  end.resolve();
  expect([(await first).ok, (await second).ok]).toEqual([true, true]);
});

test('a body that finds no room in time is refused, and whatever it held is free again', async () => {
  const { bodies } = stage({ bytes: 100 * KIB });
  const end = Promise.withResolvers<void>();
  const first = bodies.read(post(), 200 * KIB, sourceOf([bytes(FREE_BYTES + 60 * KIB)], end.promise));
  const second = await bodies.read(post(), 200 * KIB, sourceOf([bytes(FREE_BYTES + 30 * KIB), bytes(20 * KIB)]));
  expect(second).toMatchObject({ ok: false, status: 503, fault: 'room' });
  const third = await bodies.read(post(), 200 * KIB, sourceOf([bytes(FREE_BYTES + 40 * KIB)]));
  expect(third.ok).toBe(true);
  end.resolve();
  await first;
  expect((await bodies.read(post(), 200 * KIB, sourceOf([bytes(FREE_BYTES + 100 * KIB)]))).ok).toBe(true);
});

test('what a body holds whose request ended without a word is free again in time', async () => {
  const { bodies, now, pass } = stage({ bytes: 100 * KIB, ms: 2_000 });
  void bodies.read(post(), 200 * KIB, sourceOf([bytes(FREE_BYTES + 100 * KIB)], new Promise(() => {})));
  await new Promise((resolve) => setImmediate(resolve));
  const early = bodies.read(post(), 200 * KIB, sourceOf([bytes(FREE_BYTES + 100 * KIB)]));
  expect(await early).toMatchObject({ ok: false, fault: 'room' });
  pass(12_000);
  const begun = now();
  expect(await bodies.read(post(), 200 * KIB, sourceOf([bytes(FREE_BYTES + 100 * KIB)]))).toMatchObject({ ok: true });
  expect(now() - begun).toBeLessThan(1_000);
});
