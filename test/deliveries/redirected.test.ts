/** A redirect is told as one, and what met one is of a version that releases before pass over. */
import { expect, test } from 'vitest';
import { deliveryState, newDelivery } from '../../src/deliveries/records/state.ts';
import { failureOfStatus } from '../../src/deliveries/send/post.ts';

const state = newDelivery({ place: 'p', stream: 's' }, null);
const attempt = { at: 1, eventId: 'e', attempt: 1, ms: 1 };
const given = { eventId: 'e', at: 1, attempts: 1, before: null };

test.each([
  [301, 'http_3xx'],
  [308, 'http_3xx'],
  [404, 'http_4xx'],
  [500, 'http_5xx'],
] as const)('%i is %s', (status, failure) => {
  expect(failureOfStatus(status)).toBe(failure);
});

test.each([
  [{ lastError: 'http_3xx' }, 2],
  [{ attempts: [{ ...attempt, outcome: 'http_3xx' }] }, 2],
  [{ abandoned: [{ ...given, reason: 'http_3xx' }] }, 2],
  [{ lastError: 'http_4xx', attempts: [{ ...attempt, outcome: 'timeout' }] }, undefined],
] as const)('%j is written as of version %s, and read as it was', (more, version) => {
  const met = { ...state, ...structuredClone(more) } as typeof state;
  const stored = deliveryState.encode(met);
  expect((stored as { $v?: number }).$v).toBe(version);
  expect(deliveryState.decode(stored)).toEqual(met);
});
