/** What waits is bounded, however fast it comes, and what that costs is told. */
import { describe, expect, test } from 'vitest';
import { CAPACITY_BYTES, createInbox, HIGH_WATER_BYTES } from '../../../src/feeds/websocket/inbox.ts';
import { createClock } from '../run/stage.ts';

const ALL = { messages: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER };
const KILOBYTE = 'x'.repeat(1_000);

function inboxOf(overflow: Parameters<typeof createInbox>[0]['overflow'] = 'dead-letter') {
  const clock = createClock();
  return { clock, inbox: createInbox({ overflow, now: () => clock.now, sleep: (ms, wake) => clock.sleep(ms, wake) }) };
}

/** Three times what there is room for, numbered. */
function flooded(overflow: Parameters<typeof createInbox>[0]['overflow']) {
  const { inbox } = inboxOf(overflow);
  const total = Math.ceil((3 * CAPACITY_BYTES) / 1_000);
  for (let n = 0; n < total; n += 1) inbox.put(`${n} ${KILOBYTE}`);
  const { most } = inbox.held();
  const lost = inbox.lost();
  const kept = inbox.take(ALL).map(({ data }) => Number.parseInt(String(data), 10));
  return { total, most, lost, kept, first: kept[0], last: kept.at(-1) };
}

describe('where the peer cannot be held', () => {
  test.each(['drop-newest', 'dead-letter', 'stop'] as const)('%s keeps the oldest', (overflow) => {
    const { total, most, lost, kept, first, last } = flooded(overflow);
    expect(most).toBeLessThanOrEqual(CAPACITY_BYTES);
    expect([first, last]).toEqual([0, kept.length - 1]);
    expect(kept.length + (lost?.messages ?? 0)).toBe(total);
    expect(lost?.excerpts.length).toBe(overflow === 'dead-letter' ? 100 : 0);
  });

  test('drop-oldest keeps the newest', () => {
    const { total, most, lost, kept, first, last } = flooded('drop-oldest');
    expect(most).toBeLessThanOrEqual(CAPACITY_BYTES);
    expect([first, last]).toEqual([total - kept.length, total - 1]);
    expect(lost?.messages).toBe(total - kept.length);
  });

  test('what comes behind a loss that can be had again is not taken in, so that order holds', () => {
    const { inbox } = inboxOf('stop');
    for (let n = 0; n < CAPACITY_BYTES / 1_000; n += 1) inbox.put(KILOBYTE);
    inbox.put(KILOBYTE);
    inbox.take(ALL);
    inbox.put('behind the loss');
    expect(inbox.isEmpty()).toBe(true);
    expect(inbox.lost()).toMatchObject({ messages: expect.any(Number) });
  });

  test('empty messages have a cost too', () => {
    const { inbox } = inboxOf('drop-newest');
    for (let n = 0; n < 200_000; n += 1) inbox.put('');
    expect(inbox.take(ALL).length).toBeLessThan(70_000);
  });

  test('a message larger than all room is taken where nothing else waits', () => {
    const { inbox } = inboxOf();
    inbox.put(new Uint8Array(2 * CAPACITY_BYTES));
    inbox.put('x');
    expect(inbox.take(ALL)).toHaveLength(1);
    expect(inbox.lost()?.messages).toBe(1);
  });
});

test('a peer that can be held is, at the high water mark, and let go at half of it', () => {
  const { inbox } = inboxOf();
  const held: boolean[] = [];
  inbox.holdWith((hold) => held.push(hold));
  let count = 0;
  while (held.length === 0) {
    inbox.put(KILOBYTE);
    count += 1;
  }
  expect(inbox.held().now).toBeGreaterThanOrEqual(HIGH_WATER_BYTES);
  expect(inbox.held().now).toBeLessThan(HIGH_WATER_BYTES + 2_000);
  inbox.take({ messages: Math.floor(count / 3), bytes: Number.MAX_SAFE_INTEGER });
  expect(held).toEqual([true]);
  inbox.take({ messages: Math.floor(count / 3), bytes: Number.MAX_SAFE_INTEGER });
  expect(held).toEqual([true, false]);
});

test('a wait ends with a message, with the end, when woken, or with its time', async () => {
  for (const end of ['put', 'end', 'wake', 'time'] as const) {
    const { clock, inbox } = inboxOf();
    let done = false;
    const waiting = inbox.wait(1_000).then(() => (done = true));
    await clock.advance(999);
    expect(done).toBe(false);
    if (end === 'put') inbox.put('x');
    if (end === 'end') inbox.end(1000);
    if (end === 'wake') inbox.wake();
    if (end === 'time') await clock.advance(1);
    await waiting;
  }
});

test('what is taken is in order, and no more than was asked for', () => {
  const { inbox } = inboxOf();
  for (let n = 0; n < 5_000; n += 1) inbox.put(String(n));
  const taken: number[] = [];
  while (!inbox.isEmpty()) {
    const portion = inbox.take({ messages: 7, bytes: 20 });
    expect(portion.length).toBeGreaterThan(0);
    expect(portion.length).toBeLessThanOrEqual(7);
    taken.push(...portion.map(({ data }) => Number(data)));
  }
  expect(taken).toEqual(Array.from({ length: 5_000 }, (_, n) => n));
  expect(inbox.held().now).toBe(0);
});
