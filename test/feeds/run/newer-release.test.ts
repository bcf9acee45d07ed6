/** Two releases beside each other: a feed whose record a newer one wrote is left to it, and keeps nobody from the other feeds. */
import { expect, test } from 'vitest';
import { ingest } from '../../../src/feeds/run/run.ts';
import { feedKey } from '../../../src/feeds/records/state.ts';
import { feedStatus } from '../../../src/feeds/records/status.ts';
import { latenessOf } from '../../../src/hosts/lambda/metrics.ts';
import { PASS_OVER_MS } from '../../../src/store/due.ts';
import { isPresent, type Put } from '../../../src/store/store.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { feedOf, identified, items, readings, type Stage, stageOf, TENANT } from './stage.ts';

const brings = () =>
  feedOf(async function* ({ position }) {
    const from = (position as number | null) ?? 0;
    yield { items: items(readings(from, from + 2), 'mine'), position: from + 2, last: true };
  });

const theirs = feedOf(async function* () {
  yield { items: items(readings(0, 5), 'theirs'), last: true };
});

/** What another release does: puts another value in place of the one that is stored. */
async function rewrite({ store, clock }: Stage, feed: string, change: (value: Put['value']) => Put['value']) {
  const key = feedKey(TENANT, feed);
  const reading = await store.get(key, clock.now);
  if (!isPresent(reading)) throw new Error(`${feed} has no record`);
  const put: Put = { kind: 'put', ...key, value: change(reading.value), expects: reading.version };
  const result = await store.commit([put], {
    id: `rewrite ${reading.version}`,
    now: clock.now,
    deadline: clock.now + 1_000,
  });
  if (result.status !== 'committed') throw new Error(result.status);
}

const newer = (value: Put['value']): Put['value'] => ({ $v: 3, value });
const asBefore = (value: Put['value']): Put['value'] => {
  if (typeof value !== 'object' || !('value' in value) || value['value'] == null) throw new Error('not rewritten');
  return value['value'];
};

/** Both feeds ran once, and are due again. */
async function twoFeeds(): Promise<Stage> {
  const stage = stageOf({ streams: { theirs: identified(theirs), mine: identified(brings()) } });
  await ingest(stage.deps, stage.clock.now + 60_000);
  await stage.clock.advance(60_000);
  await rewrite(stage, 'theirs', newer);
  return stage;
}

test('ingest passes the feed over with a line in the log, leaves its record as it is, and pulls the others', async () => {
  const stage = await twoFeeds();
  const { store, clock, deps, logged } = stage;
  const key = feedKey(TENANT, 'theirs');
  const before = await store.get(key, clock.now);
  const { feeds, nextAt } = await ingest(deps, clock.now + 60_000);
  expect(feeds).toMatchObject([
    {
      feed: 'theirs',
      outcome: 'failed',
      state: 'unread',
      events: 0,
      commits: 0,
      error: { code: 'newer_version' },
      nextAt: clock.now + PASS_OVER_MS,
    },
    { feed: 'mine', outcome: 'pulled', state: 'ok', events: 2, error: null },
  ]);
  expect(nextAt).toBe(feeds[1]?.nextAt);
  expect(await store.get(key, clock.now)).toEqual(before);
  expect(await stage.events('mine')).toHaveLength(4);
  expect(logged).toContainEqual({
    level: 'warn',
    message: 'a feed of a newer release is passed over',
    fields: expect.objectContaining({ feed: 'theirs' }) as object,
  });
});

test('the feed goes on where it stood, once this release can read its record again', async () => {
  const stage = await twoFeeds();
  await ingest(stage.deps, stage.clock.now + 60_000);
  await rewrite(stage, 'theirs', asBefore);
  const { feeds } = await ingest(stage.deps, stage.clock.now + 60_000);
  expect(feeds[0]).toMatchObject({ feed: 'theirs', outcome: 'pulled', duplicates: 5, error: null });
});

test('its status is unread, with the reason; that of the others is as ever, and it counts as neither late nor due', async () => {
  const stage = await twoFeeds();
  const statuses = await feedStatus(scopeOfLogs(stage.deps, { tenant: TENANT }));
  expect(statuses).toMatchObject([
    { feed: 'theirs', state: 'unread', lagMs: null, lastError: { code: 'newer_version', at: stage.clock.now } },
    { feed: 'mine', state: 'ok', lastError: null },
  ]);
  const [, mine] = statuses;
  expect(latenessOf(statuses, stage.clock.now)).toEqual(latenessOf(mine ? [mine] : [], stage.clock.now));
});
