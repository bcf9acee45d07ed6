/** What actions on one feed share: its name as an input, and finding it. */
import * as z from 'zod';
import type { DeclaredFeed } from '../declare/feed.ts';
import { findFeed } from '../feeds/records/find-feed.ts';
import { scopeOf, type Scope } from '../streams/scope.ts';
import { TidegateError } from '../base/errors.ts';
import { isSourceFeed, type SourceKind } from '../feeds/aws/feed.ts';
import type { OperateContext } from './action.ts';
import { checkReach } from './shared.ts';

export const FeedName = z.string().min(1).max(64).describe('Name of a feed');

/** @throws TidegateError `not_found` */
export function feedNamed({ deps, tenant }: OperateContext, name: string): { feed: DeclaredFeed; scope: Scope } {
  return { feed: findFeed(deps.app, name), scope: scopeOf(deps, { tenant }) };
}

/** The same, to be changed. @throws TidegateError `not_found`; `invalid_input` where others have it too */
export function changeableFeed(context: OperateContext, name: string): { feed: DeclaredFeed; scope: Scope } {
  const found = feedNamed(context, name);
  checkReach(context, found.feed, 'feed');
  return found;
}

/** What makes a source stop handing over, and what becomes of what comes meanwhile. */
const STOPPED_BY: Readonly<Record<SourceKind, string>> = {
  sqs: 'aws lambda update-event-source-mapping --uuid <its mapping> --no-enabled: the queue keeps what comes',
  kinesis: 'aws lambda update-event-source-mapping --uuid <its mapping> --no-enabled: the stream keeps what comes',
  eventbridge: 'aws events disable-rule --name <its rule>; what comes meanwhile is not kept',
  iot: 'aws iot disable-topic-rule --rule-name <its rule>; what comes meanwhile is not kept',
};

/**
 * The same, of a feed whose bursts are run. What an event source hands over cannot be left with it: it would be given up, or moved to
 * dead letters, after a few tries.
 * @throws TidegateError `not_found`; `invalid_input` where others have it too, and for a feed that event sources fill
 */
export function pulledFeed(context: OperateContext, name: string): { feed: DeclaredFeed; scope: Scope } {
  const found = changeableFeed(context, name);
  const { feed } = found.feed;
  if (feed.handed !== true) return found;
  const message = `the feed ${name} is not pulled: ${feed.source} hands over what it stores`;
  const hint = isSourceFeed(feed) ? `To stop it: ${STOPPED_BY[feed.type]}.` : 'To stop it, stop its source.';
  throw new TidegateError('invalid_input', message, { field: 'feed', expected: 'a feed that is pulled', hint });
}
