import type { IPublishPacket } from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import { packNumbers, unpackNumbers } from '../../../src/feeds/mqtt-session/packed-numbers.ts';
import { createRetainedMemory, MOST_STORED, type RetainedMemory } from '../../../src/feeds/mqtt-session/retained.ts';

function message(topic: string, payload: string, retain = true): IPublishPacket {
  return { cmd: 'publish', topic, payload: Buffer.from(payload), qos: 0, dup: false, retain };
}

/** Asks the broker, which sends these; answers which of them were news. */
function asked(memory: RetainedMemory, sent: readonly IPublishPacket[]): string[] {
  memory.ask();
  const news = sent.filter((each) => {
    const verdict = memory.judge(each, '');
    memory.sent(each, '');
    return verdict === 'news';
  });
  memory.complete();
  return news.map(({ payload }) => String(payload));
}

const again = (memory: RetainedMemory) => createRetainedMemory(memory.state());

describe('a retained message', () => {
  test('is news once, also for those who read the memory from a position', () => {
    const first = createRetainedMemory(null);
    expect(asked(first, [message('a', '1'), message('b', '1')])).toEqual(['1', '1']);
    const second = again(first);
    expect(asked(second, [message('a', '1'), message('b', '2')])).toEqual(['2']);
    expect(asked(again(second), [message('a', '1'), message('b', '2')])).toEqual([]);
  });

  test('is known where it was published meanwhile, and where it is older than what was', () => {
    const memory = createRetainedMemory(null);
    asked(memory, [message('a', '1')]);
    memory.heard(message('a', '2', false));
    expect(asked(again(memory), [message('a', '2')])).toEqual([]);
    expect(asked(again(memory), [message('a', '1')])).toEqual([]);
    expect(asked(again(memory), [message('a', '3')])).toEqual(['3']);
  });

  test('that came back is news where the one in between was retained too', () => {
    const memory = createRetainedMemory(null);
    asked(memory, [message('a', '1')]);
    memory.heard(message('a', '2', true));
    expect(asked(again(memory), [message('a', '1')])).toEqual(['1']);
  });

  test('that was removed and is retained again is news', () => {
    const memory = createRetainedMemory(null);
    asked(memory, [message('a', '1')]);
    const without = again(memory);
    asked(without, []);
    expect(asked(again(without), [message('a', '1')])).toEqual(['1']);
  });

  test('counts as known where an earlier release did not write which were read; its next change is news', () => {
    const memory = createRetainedMemory('unwritten');
    expect(asked(memory, [message('a', '1')])).toEqual([]);
    expect(asked(again(memory), [message('a', '2')])).toEqual(['2']);
  });

  test('comes once for each subscription, and what comes then was published', () => {
    const memory = createRetainedMemory(null);
    memory.ask();
    const verdicts = ['1', '2', '2'].map((copy) => {
      const verdict = memory.judge(message('a', '1'), copy);
      if (verdict !== 'more') memory.sent(message('a', '1'), copy);
      return verdict;
    });
    expect(verdicts).toEqual(['news', 'news', 'more']);
  });
});

test('of too many topics some are compared, and the others are not taken again', () => {
  const count = MOST_STORED + 500;
  const all = (payload: string) => Array.from({ length: count }, (_, n) => message(`t/${n}`, payload));
  const memory = createRetainedMemory(null);
  expect(asked(memory, all('1')).length).toBe(count);
  expect(memory.beyond()).toBe(500);
  expect(JSON.stringify(memory.state()).length).toBeLessThan(11_000);
  expect(asked(again(memory), all('1'))).toEqual([]);
  expect(asked(again(memory), all('2')).length).toBe(MOST_STORED);
});

test('numbers of 32 bits are packed as a set; another text has none', () => {
  expect(unpackNumbers(packNumbers([7, 0, 0xffffffff, 7]))).toEqual([0, 7, 0xffffffff]);
  expect(unpackNumbers('')).toEqual([]);
  expect(unpackNumbers('?')).toEqual([]);
});
