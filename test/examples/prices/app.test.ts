/** An aggregate of a window: one dear price is none yet, and what goes up and down is told once an hour. */
import { expect, test } from 'vitest';
import { createTestApp } from '../../../src/testing.ts';
import { occurrencesOf } from '../occurrences.ts';
import app from './app.ts';

test('the mean decides, and the pause keeps the rest away', async () => {
  const at = createTestApp(app);
  const quote = async (price: number) => {
    await at.advance(60_000);
    await at.streams.append('prices', { symbol: 'ACME', price });
    await at.scheduled();
  };
  for (const price of [90, 90, 115, 120]) await quote(price);
  const [first] = await occurrencesOf(at, 'dear');
  expect(first?.data['payload']).toEqual({ symbol: 'ACME', mean: 103.75 });
  for (const price of [50, 50, 200, 200, 200]) await quote(price);
  expect(await occurrencesOf(at, 'dear')).toHaveLength(1);
  await at.close();
});
