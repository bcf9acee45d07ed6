/** What an agent is told of a feed: one row for each way in which data can stop coming, and in which they come. */
import { beforeAll, describe, expect, test } from 'vitest';
import { TidegateError } from '../../../src/base/errors.ts';
import type { BurstContext, FeedBatch, FeedPacing } from '../../../src/declare/feed.ts';
import { http, mqtt, websocket } from '../../../src/index.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { feedKey, newState } from '../../../src/feeds/records/state.ts';
import { type FeedStatus, feedStatus, lagOf } from '../../../src/feeds/records/status.ts';
import type { Feed } from '../../../src/declare/feed.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { scriptedSource } from '../websocket/script.ts';
import { anonymous, feedOf, items, reading, settle, type Stage, stageOf, TENANT } from '../run/stage.ts';

// Bursts load them, which takes time that the stage's clock does not know of.
beforeAll(() =>
  Promise.all([
    import('../../../src/feeds/websocket/run-burst.ts'),
    import('../../../src/feeds/http/burst.ts'),
    import('../../../src/feeds/mqtt-session/drain.ts'),
  ]),
);

const NOW = 1_000_000;

test.each([
  ['nothing was brought', null, NOW - 10, null],
  ['the age of the newest event', NOW - 500, NOW - 10, 500],
  ['an event from the future is as old as the last burst', NOW + 10 * 86_400_000, NOW - 300, 300],
  ['an event from the future, and no burst that did not fail', NOW + 1, null, 0],
])('lag: %s', (_name, newestTime, lastSuccessAt, expected) => {
  expect(lagOf({ ...newState(), newestTime, lastSuccessAt }, NOW)).toBe(expected);
});

type Burst = (context: BurstContext) => AsyncIterable<FeedBatch>;

const stageWith = (feed: Feed) => stageOf({ streams: { readings: anonymous(feed) } });
const stageOfBurst = (burst: Burst, pacing: FeedPacing & { replayable?: boolean } = {}) =>
  stageWith(feedOf(burst, pacing));

async function statusOf(stage: Stage): Promise<FeedStatus> {
  const [only] = await feedStatus(scopeOfLogs(stage.deps, { tenant: TENANT }));
  if (!only) throw new Error('no feed');
  return only;
}

/** Runs the feed so often, with as much time in between as makes it due again. */
async function runs(stage: Stage, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    const run = await stage.clock.drive(stage.run());
    if (time + 1 < times) await stage.clock.advance(Math.max(0, run.nextAt - stage.clock.now));
  }
}

async function* brings(...values: number[]): AsyncIterable<FeedBatch> {
  yield { items: items(values.map((n) => reading(n))), last: true };
}

async function* refused(): AsyncIterable<FeedBatch> {
  yield await Promise.reject<FeedBatch>(new TidegateError('upstream', 'cannot connect: ECONNREFUSED'));
}

const gap = { stream: 'readings', data: null, bytes: 0, meta: { gap: { reason: 'away' } } };

/** A WebSocket that the test scripts, in one burst. */
async function overWebSocket(
  options: object,
  act: (source: ReturnType<typeof scriptedSource>) => void,
): Promise<FeedStatus> {
  const feed = websocket({ url: 'wss://quotes.example/', budget: { timeMs: 10_000 }, reconnects: 0, ...options });
  const stage = stageWith(feed);
  const source = scriptedSource(stage);
  const runtime = { ...stage.deps.runtime, openWebSocket: source.openWebSocket };
  const ended = ingest({ ...stage.deps, runtime }, stage.clock.now + 60_000);
  await settle();
  act(source);
  await stage.clock.drive(ended);
  return statusOf(stage);
}

interface Row {
  what: string;
  told: object;
  when: () => Promise<FeedStatus>;
}

const rows: Row[] = [
  {
    what: 'events come',
    told: { state: 'ok', failures: 0, lastError: null, counts: { events: 1 } },
    async when() {
      const stage = stageOfBurst(() => brings(1));
      await runs(stage, 1);
      return statusOf(stage);
    },
  },
  {
    what: 'there is nothing new',
    told: { state: 'ok', lagMs: null },
    async when() {
      const stage = stageOfBurst(() => brings());
      await runs(stage, 2);
      return statusOf(stage);
    },
  },
  {
    what: 'it is not due yet',
    told: { state: 'ok', lagMs: 60_000 },
    async when() {
      const stage = stageOfBurst(() => brings(1));
      await runs(stage, 1);
      await stage.clock.advance(60_000);
      return statusOf(stage);
    },
  },
  { what: 'it never ran', told: { state: 'never-run' }, when: () => statusOf(stageOfBurst(refused)) },
  {
    what: 'the upstream refuses',
    told: {
      state: 'backing-off',
      failures: 1,
      lastError: { code: 'upstream', message: 'cannot connect: ECONNREFUSED' },
    },
    async when() {
      const stage = stageOfBurst(refused);
      await runs(stage, 1);
      return statusOf(stage);
    },
  },
  {
    what: 'it failed so often that the breaker is open',
    told: { state: 'open', failures: 5 },
    async when() {
      const stage = stageOfBurst(refused);
      await runs(stage, 5);
      return statusOf(stage);
    },
  },
  {
    what: 'it failed, and a burst is under way that has brought nothing yet',
    told: { state: 'backing-off', failures: 1 },
    async when() {
      let hangs = false;
      const stage = stageOfBurst(async function* ({ sleep, signal }) {
        if (hangs) await sleep(60_000, signal);
        yield await Promise.reject<FeedBatch>(new TidegateError('upstream', 'down'));
      });
      await runs(stage, 1);
      hangs = true;
      await stage.clock.advance(60_000);
      const ended = stage.run();
      await settle();
      const status = await statusOf(stage);
      await stage.clock.drive(ended);
      return status;
    },
  },
  {
    what: 'the credentials are wrong',
    told: { state: 'backing-off', lastError: { message: expect.stringContaining('answered 401') as string } },
    async when() {
      const stage = stageWith(http({ url: 'https://private.example/feed.json' }));
      const runtime = { ...stage.deps.runtime, fetch: async () => new Response(null, { status: 401 }) };
      // The request is named by a digest, which another thread makes: no time may pass meanwhile.
      await ingest({ ...stage.deps, runtime }, stage.clock.now + 60_000);
      return statusOf(stage);
    },
  },
  {
    what: 'the server accepts and closes',
    told: {
      state: 'backing-off',
      lastError: { message: expect.stringContaining('4001: a reason of its own, "no"') as string },
    },
    when: () => overWebSocket({}, (source) => source.drop(4001, 'no')),
  },
  {
    what: 'the server is silent for longer than it may be',
    told: { state: 'backing-off', lastError: { message: expect.stringContaining('was silent for 2000 ms') as string } },
    when: () => overWebSocket({ idleMs: 2_000 }, () => {}),
  },
  {
    what: 'the host has no sockets',
    told: { state: 'backing-off', lastError: { message: expect.stringMatching(/TCP|socket|connect/i) as string } },
    async when() {
      const stage = stageWith(mqtt({ url: 'mqtt://broker.example', clientId: 'c', topic: 'a' }));
      await runs(stage, 1);
      return statusOf(stage);
    },
  },
  {
    what: 'all that comes is no event of the stream',
    told: { state: 'rejecting', rejected: { count: 2, items: 2 } },
    async when() {
      const stage = stageOfBurst(async function* () {
        yield { items: items([{ no: 'reading' }, 7]), last: true };
      });
      await runs(stage, 1);
      return statusOf(stage);
    },
  },
  {
    what: 'nothing but gaps comes',
    told: { state: 'missing', lagMs: null, counts: { events: 0 } },
    async when() {
      const stage = stageOfBurst(async function* () {
        yield { items: [gap], last: true };
      });
      await runs(stage, 3);
      return statusOf(stage);
    },
  },
  {
    what: 'nothing but gaps comes, and then it fails',
    told: { state: 'backing-off', failures: 3, lagMs: null },
    async when() {
      const stage = stageOfBurst(async function* () {
        yield { items: [gap] };
        throw new TidegateError('upstream', 'closed');
      });
      await runs(stage, 3);
      return statusOf(stage);
    },
  },
  {
    what: 'more comes than the budget takes, and the rest waits upstream',
    told: { state: 'ok', counts: { events: 1, dropped: 0 } },
    async when() {
      const stage = stageOfBurst(() => brings(1, 2), { budget: { events: 1 } });
      await runs(stage, 1);
      const status = await statusOf(stage);
      // The next burst is due at once, and goes on behind the budget.
      expect(status.nextAt).toBe(stage.clock.now);
      return status;
    },
  },
  {
    what: 'more comes than the budget takes, and the rest is given up',
    told: { state: 'ok', counts: { events: 1, dropped: 1, deadLetters: 1 } },
    async when() {
      const stage = stageOfBurst(() => brings(1, 2), { budget: { events: 1 }, replayable: false });
      await runs(stage, 1);
      return statusOf(stage);
    },
  },
  {
    what: 'its store does not answer for minutes while another may not take over',
    told: { state: 'overdue' },
    async when() {
      const stage = stageOfBurst(() => brings(1));
      const { deps } = stage.worker((_, number, next) => (number === 1 ? next() : new Promise(() => {})));
      void ingest(deps, stage.clock.now + 60_000).catch(() => {});
      await settle();
      expect((await statusOf(stage)).state).toBe('running');
      await stage.clock.advance(30_000 + 5 * 60_000 + 1);
      return statusOf(stage);
    },
  },
  {
    what: 'the process that held it died, and another took over in vain',
    told: { state: 'backing-off', failures: 2, lastError: { message: 'cannot connect: ECONNREFUSED' } },
    async when() {
      const stage = stageOfBurst(refused);
      const state = {
        ...newState(),
        lastStartAt: stage.clock.now,
        lease: { holder: 'gone', until: stage.clock.now - 1 },
      };
      const put = { kind: 'put', ...feedKey(TENANT, 'readings'), value: state as never, expects: null } as const;
      await stage.store.commit([put], { id: 'c', now: stage.clock.now, deadline: stage.clock.now + 1_000 });
      await runs(stage, 1);
      return statusOf(stage);
    },
  },
  {
    what: 'another process holds it and does well',
    told: { state: 'ok', failures: 0 },
    async when() {
      const stage = stageOfBurst(refused);
      const { now } = stage.clock;
      const held = { lastStartAt: now - 60_000, lastSuccessAt: now, lease: { holder: 'other', until: now + 20_000 } };
      const put = {
        kind: 'put',
        ...feedKey(TENANT, 'readings'),
        value: { ...newState(), ...held } as never,
        expects: null,
      } as const;
      await stage.store.commit([put], { id: 'c', now, deadline: now + 1_000 });
      expect((await stage.run()).outcome).toBe('leased');
      return statusOf(stage);
    },
  },
  {
    what: 'the process that holds it has not renewed its lease in time',
    told: { state: 'stalled', lastError: { code: 'internal' } },
    async when() {
      const stage = stageOfBurst(refused);
      const { now } = stage.clock;
      const renewedAt = now - 20_001;
      const lease = { holder: 'gone', until: renewedAt + 30_000, renewedAt };
      const held = { lastStartAt: now - 60_000, lastSuccessAt: renewedAt, lease };
      const put = {
        kind: 'put',
        ...feedKey(TENANT, 'readings'),
        value: { ...newState(), ...held } as never,
        expects: null,
      } as const;
      await stage.store.commit([put], { id: 'c', now, deadline: now + 1_000 });
      return statusOf(stage);
    },
  },
  {
    what: 'the process of a burst is gone, and nobody has taken over yet',
    told: { state: 'stalled', lastError: { message: expect.stringContaining('not been heard of since') as string } },
    async when() {
      const stage = stageOfBurst(() => brings(1));
      const { deps } = stage.worker((_, number, next) => (number === 1 ? next() : new Promise(() => {})));
      void ingest(deps, stage.clock.now + 60_000).catch(() => {});
      await settle();
      await stage.clock.advance(35_001);
      return statusOf(stage);
    },
  },
  {
    what: 'no host runs it any more',
    told: { state: 'overdue' },
    async when() {
      const stage = stageOfBurst(() => brings(1), { everyMs: 1_000 });
      await runs(stage, 1);
      await stage.clock.advance(1_000 + 5 * 60_000);
      expect((await statusOf(stage)).state).toBe('ok');
      await stage.clock.advance(1);
      return statusOf(stage);
    },
  },
  {
    what: 'a newer release wrote its record',
    told: { state: 'unread', lastError: { code: 'newer_version' } },
    async when() {
      const stage = stageOfBurst(refused);
      const value = { $v: 99, value: {} };
      const put = { kind: 'put', ...feedKey(TENANT, 'readings'), value, expects: null } as const;
      await stage.store.commit([put], { id: 'c', now: stage.clock.now, deadline: stage.clock.now + 1_000 });
      return statusOf(stage);
    },
  },
];

describe('an agent is told', () => {
  test.each(rows)('$told.state where $what', async ({ told, when }) => {
    expect(await when()).toMatchObject(told);
  });
});
