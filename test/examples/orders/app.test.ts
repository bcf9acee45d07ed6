/** A missing step: the time alone makes the occurrence, of those orders that wait. */
import { expect, test } from 'vitest';
import { createTestApp } from '../../../src/testing.ts';
import { occurrencesOf } from '../occurrences.ts';
import app from './app.ts';

test('an order that nobody ships is told two hours later, once', async () => {
  const at = createTestApp(app);
  const step = (order: string, status: string) => at.streams.append('orders', { order, status, total: 20 });
  await step('A', 'paid');
  await step('B', 'paid');
  await at.scheduled();
  await at.advance(60 * 60_000);
  await step('B', 'shipped');
  await at.scheduled();
  expect(await occurrencesOf(at, 'stuck')).toEqual([]);
  for (let minutes = 0; minutes < 3; minutes += 1) {
    await at.advance(31 * 60_000);
    await at.scheduled();
  }
  expect(await occurrencesOf(at, 'stuck')).toMatchObject([
    { key: 'A', data: { title: 'order A was paid two hours ago and is still here' } },
  ]);
  await at.close();
});
