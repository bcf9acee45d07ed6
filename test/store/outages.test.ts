/** An outage is told once, again each minute, and once it is over. */
import { expect, test } from 'vitest';
import { createOutages } from '../../src/store/outages.ts';

test('what refuses many requests is told once a minute, with how many, and when it is over', () => {
  let time = 0;
  const told: unknown[] = [];
  const outages = createOutages('push', {
    now: () => time,
    log: (level, message, fields) => told.push([level, message, fields]),
  });
  outages.worked();
  for (let each = 0; each < 500; each += 1) outages.failed('store_full', 'the disk is full', { stream: 'a' });
  time += 60_000;
  outages.failed('store_full', 'the disk is full', { stream: 'b' });
  outages.failed('store_full', 'the disk is full', { stream: 'b' });
  outages.worked();
  outages.worked();
  expect(told).toEqual([
    ['error', 'push: the disk is full', { stream: 'a', code: 'store_full' }],
    ['error', 'push: the disk is full', { stream: 'b', code: 'store_full', refusedMeanwhile: 499 }],
    ['info', 'push: stored again', { code: 'store_full', refusedMeanwhile: 1 }],
  ]);
});
