import { finished } from 'node:stream/promises';
import { expect, test, vi } from 'vitest';
import { bufferedAnswer, preludeOf, writeBody } from '../../../src/hosts/lambda/answer.ts';
import { readStream } from './invocation.ts';

const never = new AbortController().signal;
const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** A body without end, that counts what was taken and knows why it was given up. */
function endless() {
  const told = { pulled: 0, cancelled: null as unknown };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        told.pulled += 1;
        controller.enqueue(new Uint8Array(1_024));
      },
      cancel(reason) {
        told.cancelled = reason;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, told };
}

test('the head has the status, the headers and each cookie', () => {
  const headers = new Headers({ 'X-A': '1' });
  headers.append('Set-Cookie', 'a=1; Path=/');
  headers.append('Set-Cookie', 'b=2');
  expect(preludeOf(new Response(null, { status: 204, headers }))).toEqual({
    statusCode: 204,
    headers: { 'x-a': '1' },
    cookies: ['a=1; Path=/', 'b=2'],
  });
});

test('a body is written to its end, and an empty one sends its head too', async () => {
  const whole = readStream();
  await writeBody(new Response('a whole text').body, whole.stream, never);
  await finished(whole.stream);
  expect(whole.text()).toBe('a whole text');
  const empty = readStream();
  const writes = vi.spyOn(empty.stream, 'write');
  await writeBody(null, empty.stream, never);
  expect([writes.mock.calls.length, empty.stream.writableEnded]).toEqual([1, true]);
});

test('no more is taken from a body than its reader reads', async () => {
  const gate = Promise.withResolvers<void>();
  const reader = readStream({ gate: gate.promise, highWaterMark: 4_096 });
  const { body, told } = endless();
  const ending = new AbortController();
  const writing = writeBody(body, reader.stream, ending.signal).catch((error: unknown) => error);
  await turns(50);
  // The buffer, and the one chunk that made it full.
  expect(told.pulled).toBeLessThanOrEqual(6);
  const before = told.pulled;
  gate.resolve();
  await expect.poll(() => told.pulled).toBeGreaterThan(before + 20);
  ending.abort(new Error('enough'));
  expect(await writing).toMatchObject({ message: 'enough' });
});

test('a signal ends a body that waits, and one whose reader waits', async () => {
  const silent = new ReadableStream<Uint8Array>({});
  for (const [body, reader] of [
    [silent, readStream()],
    [endless().body, readStream({ gate: new Promise(() => {}), highWaterMark: 1_024 })],
  ] as const) {
    const ending = new AbortController();
    const writing = writeBody(body, reader.stream, ending.signal);
    await turns(5);
    ending.abort(new Error('over'));
    await expect(writing).rejects.toThrow('over');
    expect(reader.stream.writableEnded).toBe(false);
  }
});

test('a body that is given up is told why', async () => {
  const { body, told } = endless();
  const ending = new AbortController();
  const writing = writeBody(
    body,
    readStream({ gate: new Promise(() => {}), highWaterMark: 1_024 }).stream,
    ending.signal,
  );
  ending.abort(new Error('over'));
  await expect(writing).rejects.toThrow('over');
  expect(told.cancelled).toMatchObject({ message: 'over' });
});

const typed = (type: string, body: string | Uint8Array<ArrayBuffer>) =>
  bufferedAnswer(new Response(body, { headers: { 'Content-Type': type } }));

test('at once, text is text and all else base64', async () => {
  for (const type of ['application/json', 'application/problem+json; charset=utf-8', 'text/event-stream']) {
    expect(await typed(type, '{"ä":1}')).toMatchObject({ body: '{"ä":1}', isBase64Encoded: false });
  }
  const bytes = Uint8Array.from([0, 255, 128]);
  expect(await typed('application/octet-stream', bytes)).toMatchObject({ body: 'AP+A', isBase64Encoded: true });
  expect(await bufferedAnswer(new Response(null, { status: 202 }))).toMatchObject({ statusCode: 202, body: '' });
});

/** What the platform takes of an answer, as JSON. */
const PLATFORM_BYTES = 6 * 1024 * 1024;

test.each([
  ['plain text', 'x', 5_900_000],
  ['quotes, which JSON escapes', '"', 2_900_000],
  ['control characters, which grow most', '\u0001', 980_000],
  ['other scripts', '東', 1_960_000],
])('at once, %s is taken as far as the platform takes it as JSON, and no further', async (_what, character, most) => {
  const taken = await bufferedAnswer(new Response(character.repeat(most)));
  expect(Buffer.byteLength(JSON.stringify(taken))).toBeLessThan(PLATFORM_BYTES);
  await expect(bufferedAnswer(new Response(character.repeat(most * 1.1)))).rejects.toMatchObject({ code: 'too_large' });
});

test('at once, bytes are taken as far as the platform takes them as base64', async () => {
  const taken = await typed('image/png', new Uint8Array(4_400_000));
  expect(Buffer.byteLength(JSON.stringify(taken))).toBeLessThan(PLATFORM_BYTES);
  await expect(typed('image/png', new Uint8Array(4_800_000))).rejects.toMatchObject({ code: 'too_large' });
});
