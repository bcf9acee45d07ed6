/** What actions on one feed share: its name as an input, and finding it. */
import * as z from 'zod';
import type { DeclaredFeed } from '../declare/feed.ts';
import { findFeed } from '../feeds/records/find-feed.ts';
import { scopeOf, type Scope } from '../streams/scope.ts';
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
