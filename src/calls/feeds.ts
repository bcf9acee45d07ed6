/**
 * An app's feeds as a handler reaches them at once: what their rules want asked is asked, what is sent is put on
 * record, and nothing is sent twice. Which topics there are, and how they are reached, is the feeds' own.
 */
import type { App } from '../declare/app.ts';
import { form } from '../declare/ask.ts';
import type { ToolContext } from '../declare/context.ts';
import type {
  AppFeeds,
  Checked,
  CheckedRequest,
  Outlet,
  OutletContext,
  PublishOutcome,
  RequestOutcome,
} from '../declare/outlet.ts';
import type { PublishRecord } from '../declare/publish-audit.ts';
import * as z from 'zod';
import { digestOf } from '../base/digest.ts';
import { asTidegateError, TidegateError } from '../base/errors.ts';
import { feedStatus } from '../feeds/run/status.ts';
import { findStream } from '../streams/find-stream.ts';
import { publish as appendTo } from '../streams/log/publish.ts';
import type { Deps } from '../streams/deps.ts';
import { scopeOf } from '../streams/scope.ts';

/** An outcome is put on record even where the request's own time is over. */
const AUDIT_MS = 10_000;
const SHOWN_CHARACTERS = 1_500;
const RECORDED_CHARACTERS = 1_024;
const NOTHING_TO_FILL_IN = z.object({});

/** The feeds that can be published to. */
export function outlets(app: App): Map<string, Outlet> {
  return new Map([...app.feeds].flatMap(([name, { outlet }]) => (outlet === null ? [] : [[name, outlet] as const])));
}

/** Topics whose messages a person has to agree to, as `feed: pattern`. */
export function confirmedTopics(app: App): string[] {
  return [...outlets(app)].flatMap(([feed, { rules }]) =>
    rules.filter(({ confirm }) => confirm !== null).map(({ topic }) => `${feed}: ${topic}`),
  );
}

/** @param context of the handler: whoever calls is asked through it */
export function createAppFeeds(deps: Deps, context: Omit<ToolContext, 'feeds'>): AppFeeds {
  const { app, runtime } = deps;
  const { principal } = context;
  const scope = scopeOf(deps, principal);
  const found = outlets(app);
  /** Whether this entry of the handler has sent anything. */
  let hasSent = false;
  /** Questions that have no answer yet. */
  const asking = new Set<Promise<unknown>>();

  function find(feed: string): Outlet {
    const outlet = found.get(feed);
    if (outlet) return outlet;
    throw new TidegateError('not_found', `There is no feed ${feed} to reach at once`, {
      field: 'feed',
      expected: `one of ${[...found.keys()].join(', ') || '(none declares topics)'}`,
    });
  }

  function lend(feed: string): OutletContext {
    return { feed, runtime, signal: context.signal, deadline: context.deadline };
  }

  /** What stands before a question is done again on each entry, so nothing but checks stands there. */
  async function agreed(feed: string, { rule, shown }: Checked | CheckedRequest): Promise<boolean> {
    const { confirm } = rule;
    if (confirm === null) return true;
    if (hasSent) {
      // The retry with the answer enters the handler from its beginning, and would send the earlier message again.
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
          field: 'topic',
          hint: 'use a client that supports elicitation, of protocol version 2026-07-28',
        },
      );
    }
    const asked = context.ask(keyOf(feed, shown), form(question(confirm.message, feed, shown), NOTHING_TO_FILL_IN));
    asking.add(asked);
    const { action } = await asked;
    asking.delete(asked);
    return action === 'accept';
  }

  async function record(action: PublishRecord['action'], feed: string, made: Omit<PublishRecord, From>): Promise<void> {
    const { subject, client, tenant } = principal;
    const entry: PublishRecord = {
      subject,
      client,
      action,
      feed,
      ...made,
      topic: made.topic.slice(0, RECORDED_CHARACTERS),
      reason: made.reason?.slice(0, RECORDED_CHARACTERS) ?? null,
    };
    runtime.log('info', 'published', { tenant, ...entry });
    const audit = found.get(feed)?.audit ?? null;
    if (audit === null) return;
    try {
      await appendTo(scope, findStream(app, audit), { data: entry }, runtime.now() + AUDIT_MS);
    } catch (error) {
      // The message is out: its outcome has to be told all the same, and the log has the record.
      const { code, message } = asTidegateError(error);
      runtime.log('error', 'a publication could not be put on record', { stream: audit, code, message, ...entry });
    }
  }

  /** Checks, asks, sends and records. */
  async function put<Outcome extends PublishOutcome | RequestOutcome>(
    action: PublishRecord['action'],
    feed: string,
    message: { topic: string },
    check: () => { checked: Checked | CheckedRequest; send: () => Promise<Outcome>; declined: Outcome },
  ): Promise<Outcome> {
    const { checked, send, declined } = refusalsLogged(feed, message.topic, check);
    const { topic, bytes, qos, retain: retained } = checked.shown;
    const recorded = (outcome: PublishRecord['outcome'], reason: string | null) =>
      record(action, feed, { topic, bytes, qos, retained, outcome, reason });
    const isAgreed = await agreed(feed, checked);
    // With a question beside it open the request ends here, and its retry would come to this once more.
    while (asking.size > 0) await Promise.all(asking);
    if (!isAgreed) {
      await recorded('declined', null);
      return declined;
    }
    hasSent = true;
    try {
      const outcome = await send();
      const { status, reason } = 'published' in outcome ? outcome.published : outcome;
      await recorded(status, reason);
      return outcome;
    } catch (thrown) {
      await recorded('failed', asTidegateError(thrown).message);
      throw thrown;
    }
  }

  function refusalsLogged<Result>(feed: string, topic: string, check: () => Result): Result {
    try {
      return check();
    } catch (thrown) {
      const { code, field } = asTidegateError(thrown);
      const { subject, client, tenant } = principal;
      const shown = topic.slice(0, RECORDED_CHARACTERS);
      runtime.log('info', 'a publication was refused', { tenant, subject, client, feed, topic: shown, code, field });
      throw thrown;
    }
  }

  return {
    publish: async (feed, message) =>
      put('publish', feed, message, () => {
        const checked = find(feed).check(message);
        return { checked, send: () => checked.send(lend(feed)), declined: declinedOf(checked) };
      }),
    request: async (feed, request) =>
      put('request', feed, request, () => {
        const checked = find(feed).checkRequest(request, () => runtime.newId());
        const declined: RequestOutcome = {
          status: 'unanswered',
          published: declinedOf(checked),
          responseTopic: '',
          answers: [],
          ignored: 0,
          waitedMs: 0,
          correlated: false,
        };
        return { checked, send: () => checked.send(lend(feed)), declined };
      }),
    receive: async (feed, options) => find(feed).receive(options, lend(feed)),
    async health(feed) {
      const [status] = await feedStatus(scope, [feed]);
      const { state = 'never-run', lagMs = null, lastError = null, lastSuccessAt = null } = status ?? {};
      return { state, lagMs, lastError, lastSuccessAt };
    },
  };
}

type From = 'subject' | 'client' | 'action' | 'feed';

function declinedOf({ shown: { topic, qos, retain, bytes } }: Checked | CheckedRequest): PublishOutcome {
  return { status: 'declined', reason: null, unheard: null, topic, qos, retained: retain, bytes };
}

/**
 * Names the message, so that what was agreed to is never another one that the handler comes to when it is entered
 * again.
 */
function keyOf(feed: string, { topic, payload, qos, retain }: Checked['shown']): string {
  return `publish.${digestOf(JSON.stringify([feed, topic, payload, qos, retain]))}`;
}

/** What a person agrees to. The payload is JSON in one line, so that nothing in it can look like a line of ours. */
function question(message: string | null, feed: string, { topic, payload, bytes, retain }: Checked['shown']): string {
  const cut = payload.length > SHOWN_CHARACTERS;
  return [
    message ?? 'Publish this message?',
    `Topic: ${topic.length > SHOWN_CHARACTERS ? `${topic.slice(0, SHOWN_CHARACTERS)}… (cut)` : topic} (${feed})`,
    `Payload: ${cut ? `${payload.slice(0, SHOWN_CHARACTERS)}… (cut; ${bytes} bytes in all)` : payload}`,
    ...(retain ? ['The broker keeps it for later subscribers (retained).'] : []),
  ].join('\n');
}
