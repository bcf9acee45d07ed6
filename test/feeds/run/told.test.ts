/** Who listens to `feed://…` is told when the feed is otherwise than before, and not of bursts that do well. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, pull, stream, TidegateError } from '../../../src/index.ts';
import type { StreamTenants } from '../../../src/declare/feed.ts';
import { changeFeed } from '../../../src/feeds/records/change-feed.ts';
import { sharedScope } from '../../../src/streams/scope.ts';
import { createListeningHost } from '../../mcp/listen/listening-host.ts';

const SECOND = 1_000;
const URI = 'feed://readings';
const OTHER = 'feed://others';

const nothing = (): unknown[] => [];

function stage(tenants: StreamTenants = 'shared') {
  let next: () => unknown[] = nothing;
  let read = 0;
  const schema = z.object({ n: z.number() });
  const feed = pull({
    everyMs: SECOND,
    pull: async () => {
      read += 1;
      return { items: next() };
    },
  });
  const app = defineApp({
    name: 'plant',
    version: '1.0.0',
    description: 'A plant',
    streams: {
      readings: stream({ description: 'Readings', schema, tenants, feed }),
      others: stream({ description: 'Others', schema, tenants, feed: pull({ pull: async () => ({ items: [] }) }) }),
    },
  });
  const listening = { streamMs: 3_600_000, most: 10, reads: null };
  const at = createListeningHost(app, {
    listening,
    tenants: () => (tenants === 'shared' ? ['public'] : ['acme', 'other']),
  });
  return {
    ...at,
    app,
    bursts: () => read,
    gives: (items: () => unknown[]) => void (next = items),
    async burst(): Promise<void> {
      await at.clock.drive(at.host.scheduled(at.clock.now() + 20 * SECOND));
      // What others committed is heard of within some seconds; a feed that failed waits before it is tried again.
      await at.clock.advance(120 * SECOND);
    },
    listenTo: (who: string) => at.listen({ resourceSubscriptions: [URI, OTHER] }, who),
  };
}

const fails = (message: string) => () => {
  throw new TidegateError('upstream', message);
};

test('that it fails, why, that items are refused, and that it does well again', async () => {
  const at = stage();
  await at.burst();
  const listener = await at.listenTo('acme ada *');
  await at.clock.advance(2 * SECOND);
  listener.news();
  for (const [gives, told] of [
    [() => [{ n: 1 }], []],
    [() => [{ n: 2 }], []],
    [fails('the valve is shut'), [`resources/updated ${URI}`]],
    [fails('the valve is shut'), []],
    [fails('the pipe is broken'), [`resources/updated ${URI}`]],
    [() => [{ n: 3 }], [`resources/updated ${URI}`]],
    [() => [{ n: 'no number' }], [`resources/updated ${URI}`]],
    [() => [{ n: 4 }], [`resources/updated ${URI}`]],
    [() => [{ n: 5 }], []],
  ] as const) {
    at.gives(gives);
    const before = at.bursts();
    await at.burst();
    expect(at.bursts()).toBeGreaterThan(before);
    // A hint may come twice: dead letters are stored before it is judged how the burst ended.
    expect([...new Set(listener.news())]).toEqual(told);
  }
  const { result } = await at.call('resources/read', { uri: URI }, 'acme ada *');
  expect(JSON.stringify(result)).toContain('no number');
});

test('that an operator stops it, why, and that it goes on', async () => {
  const at = stage();
  await at.burst();
  const listener = await at.listenTo('acme ada *');
  await at.clock.advance(2 * SECOND);
  listener.news();
  const feed = at.app.feeds.get('readings')!;
  const pause = (reason: string) => ({ paused: { since: at.clock.now(), by: 'operator', reason } });
  for (const change of [() => pause('a leak'), () => pause('a new valve'), () => ({ paused: null })]) {
    await changeFeed(sharedScope(at), feed, change, at.clock.now() + 10 * SECOND);
    await at.clock.advance(10 * SECOND);
    expect(listener.news()).toEqual([`resources/updated ${URI}`]);
  }
});

test('each tenant of its own feed alone, by poll_changes too', async () => {
  const at = stage('each');
  await at.burst();
  const asked = async (who: string, cursor?: unknown) => {
    const args = { uris: [URI], ...(cursor === undefined ? {} : { cursor }) };
    const { result } = await at.call('tools/call', { name: 'poll_changes', arguments: args }, who);
    return (result as { structuredContent: { changes: unknown[]; cursor: string } }).structuredContent;
  };
  const [ada, bob] = ['acme ada *', 'other bob *'];
  const cursors = [(await asked(ada)).cursor, (await asked(bob)).cursor];
  const listeners = [await at.listenTo(ada), await at.listenTo(bob)];
  await at.clock.advance(2 * SECOND);
  for (const each of listeners) each.news();
  let runs = 0;
  // The feed of one tenant alone fails.
  at.gives(() => ((runs += 1) === 1 ? fails('shut')() : []));
  await at.burst();
  const told = listeners.map((each) => each.news());
  expect(told.filter((each) => each.length > 0)).toEqual([[`resources/updated ${URI}`]]);
  const polled = [await asked(ada, cursors[0]), await asked(bob, cursors[1])];
  expect(polled.map(({ changes }) => changes.length)).toEqual(told.map((each) => each.length));
});
