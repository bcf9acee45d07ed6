/** Streamed answers whose readers are slow or gone: what is kept has a bound, and their handlers are told. */
import { expect, test } from 'vitest';
import { type AnswerBounds, createAnswers } from '../../../src/hosts/workers/answers.ts';

const chunk = (bytes: number) => new Uint8Array(bytes).fill(32);
const turn = async () => {
  for (let each = 0; each < 5; each += 1) await new Promise((resolve) => setImmediate(resolve));
};

function stage(bounds: Partial<AnswerBounds> = {}) {
  let time = 1_000_000;
  const sleepers = new Set<{ at: number; wake: () => void }>();
  const bound = createAnswers(
    { unsentBytes: 1_000, answerMs: 30_000, ...bounds },
    {
      now: () => time,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          const one = { at: time + ms, wake: resolve };
          sleepers.add(one);
          signal?.addEventListener('abort', () => resolve());
        }),
    },
  );
  /** An answer whose handler is in the test's hands. */
  function answer() {
    let ended = 0;
    let told: unknown = null;
    let controller!: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start: (given) => void (controller = given),
      cancel: (reason) => void (told = reason),
    });
    const given = new Response(body, { status: 200, headers: { 'Content-Type': 'text/event-stream', 'X-A': 'b' } });
    const response = bound(given, () => (ended += 1));
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    return {
      response,
      reader,
      write: (bytes: number) => controller.enqueue(chunk(bytes)),
      close: () => controller.close(),
      fail: (error: Error) => controller.error(error),
      ended: () => ended > 0,
      told: () => told,
    };
  }
  async function pass(ms: number): Promise<void> {
    for (const until = time + ms; time < until;) {
      time += 1_000;
      for (const one of sleepers) if (one.at <= time && sleepers.delete(one)) one.wake();
      await turn();
    }
  }
  return { bound, answer, pass, sleepers };
}

test('what is no stream is answered as it is', () => {
  const { bound } = stage();
  const given = Response.json({ a: 1 });
  let ended = 0;
  expect(bound(given, () => (ended += 1))).toBe(given);
  expect(ended).toBe(1);
});

test('a stream comes whole and in order, with its status and headers', async () => {
  const { answer } = stage();
  const one = answer();
  expect([one.response.status, one.response.headers.get('x-a')]).toEqual([200, 'b']);
  const first = one.reader.read();
  one.write(3);
  expect((await first).value?.length).toBe(3);
  one.write(4);
  one.write(5);
  one.close();
  await turn();
  expect(one.ended()).toBe(true);
  const rest = [await one.reader.read(), await one.reader.read(), await one.reader.read()];
  expect(rest.map(({ value, done }) => (done ? 'end' : value?.length))).toEqual([4, 5, 'end']);
});

test('a reader that takes nothing for long is cut, and its handler is told', async () => {
  const { answer, pass } = stage();
  const one = answer();
  one.write(10);
  await turn();
  await pass(29_000);
  expect([one.ended(), one.told()]).toEqual([false, null]);
  await pass(2_000);
  expect(one.ended()).toBe(true);
  expect(one.told()).toBeInstanceOf(Error);
  await expect(one.reader.read()).rejects.toThrow(/takes nothing/);
});

test('one that takes something, though little, is not cut, and nobody looks where nothing is kept', async () => {
  const { answer, pass, sleepers } = stage();
  const one = answer();
  for (let each = 0; each < 4; each += 1) one.write(10);
  await turn();
  for (let each = 0; each < 4; each += 1) {
    await pass(20_000);
    expect((await one.reader.read()).value?.length).toBe(10);
  }
  await pass(2_000);
  expect(sleepers.size).toBe(0);
  expect(one.ended()).toBe(false);
});

test('where all keep too much, who has stood still longest is let go first, and what it kept is free at once', async () => {
  const { answer, pass } = stage();
  const [oldest, newer] = [answer(), answer()];
  oldest.write(600);
  await turn();
  await pass(1_000);
  newer.write(300);
  await turn();
  await pass(1_000);
  newer.write(300);
  await turn();
  expect((await newer.reader.read()).value?.length).toBe(300);
  newer.write(600);
  await turn();
  expect(newer.ended()).toBe(false);
  await expect(oldest.reader.read()).rejects.toThrow(/takes nothing/);
  expect(oldest.told()).toBeInstanceOf(Error);
});

test('a single stream that keeps too much is cut', async () => {
  const { answer, pass } = stage();
  const one = answer();
  one.write(1_001);
  await turn();
  await pass(2_000);
  await expect(one.reader.read()).rejects.toThrow(/takes nothing/);
  expect(one.ended()).toBe(true);
});

test('a reader that goes ends its handler, and what it left is free', async () => {
  const { answer } = stage();
  const one = answer();
  one.write(900);
  await turn();
  await one.reader.cancel('gone');
  expect([one.ended(), one.told()]).toEqual([true, 'gone']);
  const next = answer();
  next.write(900);
  await turn();
  expect((await next.reader.read()).value?.length).toBe(900);
});

test('a handler that fails fails its answer', async () => {
  const { answer } = stage();
  const one = answer();
  one.fail(new Error('broken'));
  await turn();
  await expect(one.reader.read()).rejects.toThrow('broken');
  expect(one.ended()).toBe(true);
});
