import { describe, expect, test } from 'vitest';
import {
  covers,
  filterMistake,
  subscriptionId,
  topicLevel,
  topicMatcher,
  withoutCovered,
} from '../../../src/feeds/mqtt-session/topic.ts';

describe('topicMatcher (MQTT 5.0, section 4.7)', () => {
  test.each([
    ['sport/tennis/player1', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
    ['sport/#', 'sport', true],
    ['#', 'anything/at/all', true],
    ['sport/tennis/+', 'sport/tennis/player1', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['+/+', '/finance', true],
    ['/+', '/finance', true],
    ['+', '/finance', false],
    ['sport', 'sports', false],
    ['a/+/c', 'a/b', false],
    ['#', '$SYS/broker/uptime', false],
    ['+/monitor/Clients', '$SYS/monitor/Clients', false],
    ['$SYS/#', '$SYS/broker/uptime', true],
    ['$SYS/monitor/+', '$SYS/monitor/Clients', true],
  ])('%s and %s: %s', (filter, topic, expected) => {
    expect(topicMatcher(filter)(topic)).toBe(expected);
  });
});

test.each(['', 'a/b#', 'a/#/c', 'a+/b', '+a', 'a\u0000b', '$share/group/a', 'a'.repeat(65_536)])(
  'a filter like %s is refused',
  (filter) => {
    expect(filterMistake(filter)).not.toBeNull();
  },
);

test.each(['#', '+', 'a/+/c', 'a/#', '/', '+/+/#', '$SYS/#'])('a filter like %s is taken', (filter) => {
  expect(filterMistake(filter)).toBeNull();
});

test.each([
  ['#', 'a/b', true],
  ['#', '$SYS/a', false],
  ['a/#', 'a', true],
  ['a/#', 'a/+/c', true],
  ['a/+', 'a/b', true],
  ['a/+', 'a/#', false],
  ['a/+/c', 'a/b/+', false],
  ['a/b', 'a/+', false],
  ['+/+', '#', false],
])('%s covers %s: %s', (wide, narrow, expected) => {
  expect(covers(wide, narrow)).toBe(expected);
});

test('covered and repeated filters are left out, and equal ones do not remove each other', () => {
  expect(withoutCovered(['a/b', 'a/+', 'a/b', 'c', 'c'])).toEqual(['a/+', 'c']);
  expect(withoutCovered(['a/+/c', 'a/b/+'])).toEqual(['a/+/c', 'a/b/+']);
});

test('a subscription identifier depends on the filter alone and stays within what MQTT can carry', () => {
  const ids = ['#', 'a/+', 'plant/+/temperature', 'plant/+/pressure'].map(subscriptionId);
  expect(new Set(ids).size).toBe(4);
  expect(subscriptionId('a/+')).toBe(ids[1]);
  for (const id of ids) expect(id > 0 && id <= 268_435_455).toBe(true);
});

test('a level that a topic does not have is null', () => {
  expect([0, 1, 2, 3].map((level) => topicLevel('plant//t', level))).toEqual(['plant', '', 't', null]);
});
