/** What operators may do to a feed that event sources fill: nobody pulls it, and what is handed over cannot be left with its source. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { createHandedNotes } from '../../../src/feeds/handed/note.ts';
import { takeHanded } from '../../../src/feeds/handed/take.ts';
import { changeFeed } from '../../../src/feeds/records/change-feed.ts';
import { feedStatus } from '../../../src/feeds/records/status.ts';
import { latenessOf } from '../../../src/hosts/lambda/metrics.ts';
import { defineApp, eventBridge, iot, kinesis, sqs, stream } from '../../../src/index.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { sharedScope } from '../../../src/streams/scope.ts';
import { acting } from '../act.ts';

const of = (feed: ReturnType<typeof sqs>) =>
  stream({ description: 'Handed over', schema: z.object({ n: z.number() }), feed });
const app = defineApp({
  name: 'handed',
  version: '1',
  description: 'Handed over',
  streams: { jobs: of(sqs()), quotes: of(kinesis()), orders: of(eventBridge()), plant: of(iot()) },
});

test.each([
  ['jobs', /update-event-source-mapping .*--no-enabled: the queue keeps/],
  ['quotes', /update-event-source-mapping .*--no-enabled: the stream keeps/],
  ['orders', /events disable-rule .*not kept/],
  ['plant', /iot disable-topic-rule .*not kept/],
])('%s is not paused, pulled or reset: its source is stopped, by the command that is said', async (feed, hint) => {
  const { act } = acting(app, createMemoryStore());
  for (const verb of ['pause', 'pull', 'reset']) {
    const refused = { code: 'invalid_input', field: 'feed', hint: expect.stringMatching(hint) };
    await expect(act(`feeds ${verb}`, { feed })).rejects.toMatchObject(refused);
  }
  expect(await act('feeds show', { feed })).toMatchObject({ state: 'never-run', paused: null });
});

test('it is never due, whatever was done to its record, and however long nothing came', async () => {
  const { act, deps } = acting(app, createMemoryStore());
  const scope = sharedScope(deps);
  const feed = app.feeds.get('jobs')!;
  const until = deps.runtime.now() + 10_000;
  const taken = await takeHanded(scope, feed, [[{ stream: 'jobs', id: '1', data: { n: 1 }, bytes: 7 }]], until);
  await createHandedNotes().note(scope, feed, taken, until);
  // As a release before it was refused has paused it.
  const paused = { since: 1, by: 'operator', reason: null };
  await changeFeed(scope, feed, () => ({ paused }), until);
  expect(await act('feeds resume', { feed: 'jobs' })).toMatchObject({ changed: true, paused: null });
  await act('feeds reset', { feed: 'jobs', breaker: true });
  const [status] = await feedStatus(scope, ['jobs']);
  expect(status).toMatchObject({ state: 'ok' });
  expect(status?.nextAt).toBeGreaterThan(deps.runtime.now());
  await changeFeed(scope, feed, () => ({ nextAt: 1 }), until);
  const statuses = await feedStatus(scope, ['jobs']);
  expect(latenessOf(statuses, deps.runtime.now())).toMatchObject({ oldestDue: 0 });
});
