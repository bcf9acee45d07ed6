/** Streams of events: what their readers take, what waits for them, and who is cut. */
import { expect, test } from 'vitest';
import { openEventStream, STREAM_BOUNDS } from '../../../src/calls/events/event-stream.ts';

/** A clock that is set by hand, whose sleepers wake when their time has come. */
function stage() {
  const clock = { now: 1_000 };
  const sleepers = new Set<{ at: number; wake: () => void }>();
  const sleep = (ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      const sleeper = { at: clock.now + ms, wake: resolve };
      sleepers.add(sleeper);
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  const stream = openEventStream({ now: () => clock.now, sleep });
  async function pass(ms: number): Promise<void> {
    clock.now += ms;
    for (const sleeper of sleepers) {
      if (sleeper.at > clock.now) continue;
      sleepers.delete(sleeper);
      sleeper.wake();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { stream, pass, reader: stream.response.body?.pipeThrough(new TextDecoderStream()).getReader() };
}

const message = (n: number) => ({ data: JSON.stringify({ n }) });

test('what is written is read in order, and the stream ends behind it', async () => {
  const { stream, reader } = stage();
  stream.write({ id: 'a', data: '', retryMs: 5 });
  stream.write(message(1));
  stream.end({ id: 'z', data: '2' });
  stream.write(message(3));
  expect((await reader?.read())?.value).toBe(
    'id: a\nretry: 5\ndata: \n\nevent: message\ndata: {"n":1}\n\nid: z\nevent: message\ndata: 2\n\n',
  );
  expect((await reader?.read())?.done).toBe(true);
  expect(stream.over.aborted).toBe(true);
});

test('no reader finds the end of a line within the data', async () => {
  const { stream, reader } = stage();
  const text = 'a\u0085b\u2028c\u2029d';
  stream.end({ data: JSON.stringify({ text }) });
  const read = (await reader?.read())?.value ?? '';
  expect(read).toBe('event: message\ndata: {"text":"a\\u0085b\\u2028c\\u2029d"}\n\n');
  expect(JSON.parse(/data: (.*)/.exec(read)?.[1] ?? '')).toEqual({ text });
});

test('of one topic 16 events wait, and of further ones the newest; others all wait', async () => {
  const { stream, reader } = stage();
  for (let n = 0; n < 10_000; n += 1) stream.write(message(n), 'progress');
  for (let n = 0; n < 20; n += 1) stream.write({ data: `"log ${n}"` });
  stream.end();
  const text = (await reader?.read())?.value ?? '';
  const told = [...text.matchAll(/"n":(\d+)/g)].map(([, n]) => Number(n));
  expect([told.length, told[0], told.at(-1)]).toEqual([16, 0, 9_999]);
  expect(text.match(/"log /g)).toHaveLength(20);
});

test('a comment is written while nothing else is, and whoever takes it is not cut', async () => {
  const { stream, reader, pass } = stage();
  for (let times = 0; times < 10; times += 1) {
    const read = reader?.read();
    await pass(STREAM_BOUNDS.keepAliveMs);
    expect((await read)?.value).toBe(': keep-alive\n\n');
  }
  expect(stream.over.aborted).toBe(false);
});

test('a reader that takes nothing is cut', async () => {
  const { stream, pass } = stage();
  // Two are taken ahead, by the decoder and by the reader's own queue.
  for (let n = 0; n < 5; n += 1) {
    stream.write(message(n));
    await pass(0);
  }
  expect(stream.over.aborted).toBe(false);
  for (let ms = 0; ms <= STREAM_BOUNDS.answerMs; ms += STREAM_BOUNDS.keepAliveMs) await pass(STREAM_BOUNDS.keepAliveMs);
  expect(stream.over.aborted).toBe(true);
});

test('a reader that leaves too much is cut, but for the last event, however large it is', () => {
  const large = 'x'.repeat(STREAM_BOUNDS.unsentCharacters);
  const { stream: cut } = stage();
  cut.write({ data: large });
  expect(cut.over.aborted).toBe(true);
  const { stream } = stage();
  stream.end({ data: large });
  expect(stream.over.aborted).toBe(false);
});
