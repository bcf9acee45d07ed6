/** `feeds pull`: one burst, now. */
import * as z from 'zod';
import { TidegateError } from '../../base/errors.ts';
import { changeFeed } from '../../feeds/records/change-feed.ts';
import { holdsLease } from '../../feeds/records/state.ts';
import { ingest } from '../../feeds/run/run.ts';
import { operatorAction } from '../action.ts';
import { FeedName, pulledFeed } from '../named-feed.ts';

export const feedsPull = operatorAction({
  noun: 'feeds',
  verb: 'pull',
  description:
    'Runs one burst of a feed now, whenever it is due, and tells what came. A feed that another process is running, or that is paused, is left alone.',
  input: z.strictObject({ feed: FeedName }),
  words: ['feed'],
  output: z.object({
    feed: z.string(),
    outcome: z.string().describe('pulled; failed; leased: another process runs it now'),
    events: z.number(),
    duplicates: z.number(),
    rejected: z.number(),
    deadLetters: z.number(),
    dropped: z.number(),
    thinned: z.number(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
  }),
  effect: 'changes',
  failed: ({ outcome, error }) => (outcome === 'pulled' ? null : (error?.code ?? outcome)),
  async run({ feed: name }, context) {
    const { feed, scope } = pulledFeed(context, name);
    const { deps, deadline, signal } = context;
    if (feed.targets.length === 0) throw refused(`the feed ${name} fills no stream`, 'a feed that fills a stream');
    await changeFeed(
      scope,
      feed,
      (state, now) => {
        if (state.paused !== null) {
          throw refused(`the feed ${name} is paused`, 'a feed that is not paused', `tidegate feeds resume ${name}`);
        }
        // Whoever runs it goes on.
        return holdsLease(state, now) || state.nextAt <= now ? null : { nextAt: now };
      },
      deadline,
    );
    const only = feed.tenants === 'each' ? { tenant: context.tenant } : {};
    const { budget } = feed;
    const until = Math.min(deadline, deps.runtime.now() + budget.timeMs + 30_000);
    const { feeds } = await ingest(deps, until, { feeds: [name], signal, ...only });
    const [report] = feeds;
    if (report === undefined) throw refused(`the feed ${name} did not run`, 'a feed of this tenant');
    const { outcome, events, duplicates, rejected, deadLetters, dropped, thinned, error } = report;
    return {
      feed: name,
      outcome,
      events,
      duplicates,
      rejected,
      deadLetters,
      dropped,
      thinned,
      error: error && { code: error.code, message: error.message },
    };
  },
  lines({ feed, outcome, events, duplicates, rejected, deadLetters, dropped, thinned, error }) {
    if (outcome === 'leased') return [`${feed} is being run by another process just now`];
    if (outcome === 'waiting')
      return [`${feed} is not due: another process ran it, or its source asked to be left alone`];
    const more = Object.entries({ duplicates, rejected, 'dead letters': deadLetters, dropped, thinned })
      .filter(([, count]) => count > 0)
      .map(([what, count]) => `, ${count} ${what}`);
    const line = `${feed}: ${outcome}, ${events} events${more.join('')}`;
    return error === null ? [line] : [line, `  ${error.code}: ${error.message}`];
  },
});

function refused(message: string, expected: string, hint?: string): TidegateError {
  return new TidegateError('invalid_input', message, {
    field: 'feed',
    expected,
    ...(hint === undefined ? {} : { hint }),
  });
}
