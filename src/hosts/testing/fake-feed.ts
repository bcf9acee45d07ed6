/** A feed that a test fills: it takes the place of a declared one, whose streams, routes and pacing stay as they are. */
import type { EventMeta } from '../../base/event.ts';
import { utf8Bytes } from '../../base/json.ts';
import type { App } from '../../declare/app.ts';
import type { Feed, FeedBatch } from '../../declare/feed.ts';
import { TidegateError } from '../../base/errors.ts';
import { knownName } from '../../base/known-names.ts';

/** An item as the upstream would bring it. */
export interface FakeItem {
  /** The stream that it belongs to. */
  stream: string;
  data: unknown;
  /** The record key, where the transport brings one. */
  key?: string;
  /** Epoch ms, where the transport knows it. */
  time?: number;
  meta?: EventMeta;
}

export interface FakeFeed {
  /** Waits for the next burst, which takes it in and keeps no other copy. */
  bring(...items: FakeItem[]): void;
  /** The next burst fails with this error, and leaves what waits where it is. */
  fail(error: Error): void;
  /** How many items no burst has taken in yet. */
  waiting(): number;
  /** What `createTestApp` puts in the place of the declared feed's. */
  burst: Feed['burst'];
}

export function fakeFeed(): FakeFeed {
  const items: FakeItem[] = [];
  let failure: Error | null = null;
  return {
    bring: (...brought) => void items.push(...brought),
    fail: (error) => void (failure = error),
    waiting: () => items.length,
    async *burst({ budget }): AsyncGenerator<FeedBatch> {
      const error = failure;
      failure = null;
      if (error !== null) throw error;
      const batch = items.slice(0, budget.events);
      yield { items: batch.map((item) => ({ ...item, bytes: utf8Bytes(JSON.stringify(item.data) ?? '') })) };
      // Only what was committed is gone.
      items.splice(0, batch.length);
    },
  };
}

/** @throws TidegateError `invalid_input` for a name under which the app declares no feed. */
export function withFakes(app: App, fakes: Readonly<Record<string, FakeFeed>>): App {
  const feeds = new Map(app.feeds);
  for (const [name, { burst }] of Object.entries(fakes)) {
    const declared = feeds.get(name);
    if (declared === undefined) {
      throw new TidegateError('invalid_input', `the app has no feed named ${name}`, {
        field: `feeds.${name}`,
        expected: knownName(name, [...feeds.keys()], 'feeds'),
      });
    }
    feeds.set(name, { ...declared, feed: { ...declared.feed, burst } });
  }
  return { ...app, feeds };
}
