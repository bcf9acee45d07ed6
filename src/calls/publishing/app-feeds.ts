/**
 * An app's feeds for its handlers: publish, request and receive. A person confirms a message where its rule says so,
 * its outcome is recorded, and no message is sent twice. The kind of the feed knows what a message is and sends it.
 */
import { asTidegateError, causeText, TidegateError } from '../../base/errors.ts';
import { knownName } from '../../base/known-names.ts';
import type { AppFeeds, FeedRef, OutletTypes, PublishOutcome, RequestOutcome } from '../../declare/app-feeds.ts';
import { openFeedSecrets } from '../../declare/check/open-secrets.ts';
import type { ToolContext } from '../../declare/context.ts';
import type { Checked, Outlet, OutletContext, OutletRecord } from '../../declare/outlet.ts';
import { feedStatus } from '../../feeds/records/status.ts';
import type { Deps } from '../../streams/deps.ts';
import { scopeOf } from '../../streams/scope.ts';
import { createAgreement } from './agreement.ts';
import { createOutcomes } from './outcomes.ts';
import { outlets } from './outlets.ts';

/** @param context of the handler; questions go through it */
export function createAppFeeds(deps: Deps, context: Omit<ToolContext, 'feeds'>): AppFeeds {
  const { app, runtime } = deps;
  const found = outlets(app);
  const agreement = createAgreement(context);
  const outcomes = createOutcomes(deps, context.principal, found);

  function nameOf(feed: FeedRef<OutletTypes>): string {
    if (typeof feed === 'string') return feed;
    return [...app.feeds.values()].find((declared) => declared.feed === feed)?.name ?? 'that the app does not declare';
  }

  function find(feed: string): Outlet {
    const outlet = found.get(feed);
    if (outlet) return outlet;
    throw new TidegateError('not_found', `There is no feed ${feed} to reach at once`, {
      field: 'feed',
      expected: knownName(feed, [...found.keys()], 'feeds that declare topics'),
    });
  }

  function lend(feed: string): OutletContext {
    const declared = app.feeds.get(feed);
    const secret = declared === undefined ? () => null : openFeedSecrets(declared, runtime.variable).valueOf;
    return { feed, runtime, secret, signal: context.signal, deadline: context.deadline };
  }

  /** Only checks stand before the question, because the handler repeats them each time it is entered. */
  async function put<Outcome extends PublishOutcome | RequestOutcome>(
    action: OutletRecord['action'],
    feed: string,
    message: object,
    check: () => Checked<Outcome>,
  ): Promise<Outcome> {
    let checked: Checked<Outcome>;
    try {
      checked = check();
    } catch (thrown) {
      outcomes.refused(feed, message, thrown);
      throw thrown;
    }
    const recorded = (outcome: OutletRecord['outcome'], reason: string | null) =>
      outcomes.record({ action, feed }, checked, outcome, reason);
    if (!(await agreement.to(feed, checked))) {
      await recorded('declined', null);
      return checked.declined;
    }
    try {
      const outcome = await checked.send(lend(feed));
      const { status, reason } = 'published' in outcome ? outcome.published : outcome;
      await recorded(status, reason);
      return outcome;
    } catch (thrown) {
      const { code, message: told } = asTidegateError(thrown);
      // The record is a stream, which clients read.
      const isDefect = code === 'internal';
      if (isDefect) runtime.log('error', 'a message could not be sent', { feed, cause: causeText(thrown) });
      await recorded('failed', isDefect ? 'a defect, which the log has' : told);
      throw thrown;
    }
  }

  // A handle says which kind its feed is of, and so which types its outcomes have.
  return {
    publish: async (ref, message) => {
      const feed = nameOf(ref);
      return put('publish', feed, message, () => find(feed).check(message));
    },
    request: async (ref, request) => {
      const feed = nameOf(ref);
      return put('request', feed, request, () => {
        const checked = find(feed).checkRequest?.(request, () => runtime.newId());
        if (!checked) throw unable(feed, 'has no answers to wait for');
        return checked;
      });
    },
    receive: async (ref, wanted) => {
      const feed = nameOf(ref);
      const outlet = find(feed);
      if (!outlet.receive) throw unable(feed, 'cannot be listened to at once');
      return outlet.receive(wanted, lend(feed));
    },
    async health(ref) {
      const [status] = await feedStatus(scopeOf(deps, context.principal), [nameOf(ref)]);
      const { state = 'never-run', lagMs = null, lastError = null, lastSuccessAt = null } = status ?? {};
      return { state, lagMs, lastError, lastSuccessAt };
    },
  };
}

function unable(feed: string, what: string): TidegateError {
  return new TidegateError('invalid_input', `The feed ${feed} ${what}`, { field: 'feed', expected: 'another feed' });
}
