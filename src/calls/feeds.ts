/**
 * An app's feeds for its handlers: publish, request and receive. A person confirms a message where its rule says so,
 * its outcome is recorded, and no message is sent twice. The kind of the feed knows what a message is and sends it.
 */
import type { App } from '../declare/app.ts';
import { openFeedSecrets } from '../declare/check/open-secrets.ts';
import { form } from '../declare/ask.ts';
import type { ToolContext } from '../declare/context.ts';
import type { AppFeeds, FeedRef, OutletTypes, PublishOutcome, RequestOutcome } from '../declare/app-feeds.ts';
import type { Checked, Outlet, OutletAudit, OutletContext, OutletRecord } from '../declare/outlet.ts';
import * as z from 'zod';
import { digestOf } from '../base/digest.ts';
import { asTidegateError, causeText, TidegateError } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import { knownName } from '../base/known-names.ts';
import { feedStatus } from '../feeds/records/status.ts';
import { findStream } from '../streams/find-stream.ts';
import { publish as appendTo } from '../streams/log/publish.ts';
import type { Deps } from '../streams/deps.ts';
import { ofStream, scopeOf } from '../streams/scope.ts';
import { inLines } from '../base/plain.ts';

/** Time to record an outcome, even where the request's own time is over. */
const AUDIT_MS = 10_000;
const RECORDED_CHARACTERS = 1_024;
/** Outcomes by which a message is out. */
const DONE: ReadonlySet<OutletRecord['outcome']> = new Set(['acknowledged', 'sent']);
const NOTHING_TO_FILL_IN = z.object({});

/** The feeds that can be published to. */
export function outlets(app: App): Map<string, Outlet> {
  return new Map([...app.feeds].flatMap(([name, { outlet }]) => (outlet === null ? [] : [[name, outlet] as const])));
}

/** Patterns whose messages a person has to confirm, as `feed: pattern`. */
export function confirmedTopics(app: App): string[] {
  return [...outlets(app)].flatMap(([feed, { rules }]) =>
    rules.filter(({ confirm }) => confirm !== null).map(({ pattern }) => `${feed}: ${pattern}`),
  );
}

/** @param context of the handler; questions go through it */
export function createAppFeeds(deps: Deps, context: Omit<ToolContext, 'feeds'>): AppFeeds {
  const { app, runtime } = deps;
  const { principal } = context;
  const scope = scopeOf(deps, principal);
  const found = outlets(app);
  /** Whether the handler has sent anything since it was entered. */
  let hasSent = false;
  /** Questions that have no answer yet. */
  const asking = new Set<Promise<unknown>>();

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

  /** Only checks may stand before the question, because the handler repeats them each time it is entered. */
  async function agreed(feed: string, checked: Checked<unknown>): Promise<boolean> {
    const { confirm } = checked.rule;
    if (confirm === null) return true;
    if (hasSent) {
      // The retry enters the handler from its beginning, and would send the earlier message again.
      throw new TidegateError('invalid_config', 'a message that is to be confirmed comes after one that was sent', {
        field: 'feeds.publish',
        expected: 'messages that are to be confirmed first, several of them together (Promise.all)',
      });
    }
    if (confirm.otherwise === 'refuse' && !context.canAsk('form')) {
      throw new TidegateError(
        'invalid_input',
        'Nothing was sent: a person has to agree, and this client cannot ask one',
        {
          field: checked.field,
          hint: 'use a client that supports elicitation, of protocol version 2026-07-28',
        },
      );
    }
    const question = [confirm.message ?? 'Publish this message?', inLines(checked.shown(feed))].join('\n');
    const asked = context.ask(keyOf(feed, checked), form(question, NOTHING_TO_FILL_IN));
    asking.add(asked);
    try {
      const { action } = await asked;
      return action === 'accept';
    } finally {
      asking.delete(asked);
    }
  }

  async function record(
    action: OutletRecord['action'],
    feed: string,
    { facts }: Checked<unknown>,
    outcome: OutletRecord['outcome'],
    reason: string | null,
  ): Promise<void> {
    const { subject, client, tenant } = principal;
    const shortened = reason?.slice(0, RECORDED_CHARACTERS) ?? null;
    const entry = { subject, client, action, feed, ...facts, outcome, reason: shortened } satisfies OutletRecord;
    runtime.log('info', 'published', { tenant, ...entry });
    const { audit = null } = found.get(feed) ?? {};
    const size = facts['bytes'];
    const noted = deps.audit?.note(principal, {
      action: 'publish',
      target: feed,
      code: DONE.has(outcome) ? null : outcome,
      ...(typeof size === 'number' ? { bytes: size } : {}),
    });
    await Promise.all([noted, audit && putOnRecord(audit, entry)]);
  }

  /** In the stream that the feed names for it. */
  async function putOnRecord(audit: OutletAudit, entry: OutletRecord & JsonObject): Promise<void> {
    try {
      const stream = findStream(app, audit.stream);
      await appendTo(ofStream(scope, stream), stream, { data: entry }, runtime.now() + AUDIT_MS);
    } catch (error) {
      // The message is out, so its outcome is answered all the same. The log has the record.
      const { code, message } = asTidegateError(error);
      runtime.log('error', 'a publication could not be put on record', {
        stream: audit.stream,
        code,
        message,
        ...entry,
      });
    }
  }

  /** Checks a message, asks about it, sends it and records the outcome. */
  async function put<Outcome extends PublishOutcome | RequestOutcome>(
    action: OutletRecord['action'],
    feed: string,
    message: object,
    check: () => Checked<Outcome>,
  ): Promise<Outcome> {
    const checked = refusalsLogged(feed, message, check);
    const recorded = (outcome: OutletRecord['outcome'], reason: string | null) =>
      record(action, feed, checked, outcome, reason);
    const isAgreed = await agreed(feed, checked);
    // While another question is open the request may end here, and its retry would send this message once more.
    while (asking.size > 0) await Promise.all(asking);
    if (!isAgreed) {
      await recorded('declined', null);
      return checked.declined;
    }
    hasSent = true;
    try {
      const outcome = await checked.send(lend(feed));
      const { status, reason } = 'published' in outcome ? outcome.published : outcome;
      await recorded(status, reason);
      return outcome;
    } catch (thrown) {
      const { code, message } = asTidegateError(thrown);
      // The record is a stream, which clients read.
      const isDefect = code === 'internal';
      if (isDefect) runtime.log('error', 'a message could not be sent', { feed, cause: causeText(thrown) });
      await recorded('failed', isDefect ? 'a defect, which the log has' : message);
      throw thrown;
    }
  }

  function refusalsLogged<Result>(feed: string, message: object, check: () => Result): Result {
    try {
      return check();
    } catch (thrown) {
      const { code, field } = asTidegateError(thrown);
      const { subject, client, tenant } = principal;
      const facts = found.get(feed)?.factsOf(message);
      runtime.log('info', 'a publication was refused', { tenant, subject, client, feed, ...facts, code, field });
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
      const [status] = await feedStatus(scope, [nameOf(ref)]);
      const { state = 'never-run', lagMs = null, lastError = null, lastSuccessAt = null } = status ?? {};
      return { state, lagMs, lastError, lastSuccessAt };
    },
  };
}

/**
 * A key that depends on the whole message, so that a confirmation never counts for another message of the retry.
 */
function keyOf(feed: string, { identity }: Checked<unknown>): string {
  return `publish.${digestOf(JSON.stringify([feed, ...identity]))}`;
}

function unable(feed: string, what: string): TidegateError {
  return new TidegateError('invalid_input', `The feed ${feed} ${what}`, { field: 'feed', expected: 'another feed' });
}
