/** Finds a feed of the app by its name. */
import type { App } from '../../declare/app.ts';
import type { DeclaredFeed } from '../../declare/feed.ts';
import { TidegateError } from '../../base/errors.ts';
import { knownName } from '../../base/known-names.ts';

/** @throws TidegateError `not_found`, which names the feeds that are declared. */
export function findFeed(app: App, name: string): DeclaredFeed {
  const feed = app.feeds.get(name);
  if (feed) return feed;
  throw new TidegateError('not_found', `there is no feed ${name}`, {
    field: 'feed',
    expected: knownName(name, [...app.feeds.keys()], 'feeds'),
  });
}
