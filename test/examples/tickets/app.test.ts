/** Two streams joined by key: both have to hold of the same customer. */
import { expect, test } from 'vitest';
import { createTestApp } from '../../../src/testing.ts';
import { occurrencesOf } from '../occurrences.ts';
import app from './app.ts';

test('a ticket of one and the outage of another are none', async () => {
  const at = createTestApp(app);
  const later = async () => {
    await at.advance(1_000);
    await at.scheduled();
  };
  await at.streams.append('tickets', { customer: 'acme', subject: 'Nothing works', urgent: true });
  await later();
  await at.streams.append('outages', { customer: 'other', up: false });
  await later();
  expect(await occurrencesOf(at, 'waiting')).toEqual([]);
  await at.streams.append('outages', { customer: 'acme', up: false });
  await later();
  expect(await occurrencesOf(at, 'waiting')).toMatchObject([
    { key: 'acme', data: { title: 'acme is down and waits for an answer' } },
  ]);
  await at.close();
});
