/** A reaction: the occurrence begins the task, whose answer is there without anybody asking. */
import { expect, test } from 'vitest';
import { createTestApp } from '../../../src/testing.ts';
import app from './app.ts';

test('each failure is looked into, once', async () => {
  const at = createTestApp(app);
  let run = 0;
  const ran = async (outcome: 'passed' | 'failed') => {
    await at.advance(60_000);
    await at.streams.append('runs', { pipeline: 'web', run: (run += 1), outcome, step: 'lint' });
    for (let times = 0; times < 3; times += 1) await at.scheduled();
  };
  for (const outcome of ['failed', 'passed', 'failed', 'passed'] as const) await ran(outcome);
  const { events } = await at.streams.history('findings', { limit: 10 });
  expect(events.map(({ data }) => data)).toEqual([
    { pipeline: 'web', verdict: 'lint failed 2 times: it is no accident' },
    { pipeline: 'web', verdict: 'lint failed for the first time: run it again' },
  ]);
  await at.close();
});
