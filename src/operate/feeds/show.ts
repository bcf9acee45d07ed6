/** `feeds show`: all that is stored of a feed, in words. */
import * as z from 'zod';
import { jsonText } from '../../base/plain.ts';
import { isoTime } from '../../base/time/time-text.ts';
import { feedKey } from '../../feeds/records/state.ts';
import { readState } from '../../feeds/records/state-record.ts';
import { feedStatus } from '../../feeds/records/status.ts';
import { isOfOthers } from '../../feeds/records/tenant-view.ts';
import { ofFeed } from '../../streams/scope.ts';
import { operatorAction } from '../action.ts';
import { feedNamed, FeedName } from '../named-feed.ts';

const POSITION_CHARACTERS = 2_000;
const At = z.string().nullable();

export const feedsShow = operatorAction({
  noun: 'feeds',
  verb: 'show',
  description:
    'All of a feed: its state, position, counts since it was first run, last error, and what was rejected last.',
  input: z.strictObject({ feed: FeedName }),
  words: ['feed'],
  output: z.object({
    feed: z.string(),
    type: z.string(),
    source: z.string(),
    streams: z.array(z.string()),
    state: z.string(),
    paused: z.object({ since: z.string(), by: z.string(), reason: z.string().nullable() }).nullable(),
    lagMs: z.number().nullable(),
    everyMs: z.number(),
    nextAt: At,
    lastStartAt: At,
    lastSuccessAt: At,
    failures: z.number(),
    bursts: z.number(),
    counts: z.record(z.string(), z.number()),
    backlog: z.number().nullable(),
    lease: z.object({ holder: z.string(), until: z.string() }).nullable().describe('Who runs it now'),
    position: z.string().nullable().describe('Where it stands in its source, as JSON, cut at 2,000 characters'),
    lastError: z.object({ code: z.string(), message: z.string(), at: z.string() }).nullable(),
    rejected: z.record(z.string(), z.unknown()).nullable(),
  }),
  effect: 'reads',
  async run({ feed: name }, context) {
    const { feed, scope } = feedNamed(context, name);
    const [status] = await feedStatus(scope, [name]);
    const { store, runtime, tenant } = ofFeed(scope, feed);
    const hidden = isOfOthers(scope, feed) || status?.state === 'unread';
    const state = hidden ? null : readState(await store.get(feedKey(tenant, name), runtime.now()));
    const { lastError = null, rejected = null, paused } = status ?? {};
    return {
      feed: name,
      type: feed.feed.type,
      source: feed.feed.source,
      streams: feed.targets.map(({ stream }) => stream),
      state: status?.state ?? 'never-run',
      paused: paused === undefined ? null : { ...paused, since: isoTime(paused.since) },
      lagMs: status?.lagMs ?? null,
      everyMs: feed.everyMs,
      nextAt: at(status?.nextAt),
      lastStartAt: at(state?.lastStartAt),
      lastSuccessAt: at(status?.lastSuccessAt),
      failures: status?.failures ?? 0,
      bursts: status?.bursts ?? 0,
      counts: { ...status?.counts },
      backlog: status?.backlog ?? null,
      lease: state?.lease ? { holder: state.lease.holder, until: isoTime(state.lease.until) } : null,
      position:
        state === null || state.position === null ? null : jsonText(state.position).slice(0, POSITION_CHARACTERS),
      lastError: lastError && { ...lastError, at: isoTime(lastError.at) },
      rejected: rejected && { ...rejected, at: isoTime(rejected.at) },
    };
  },
  lines(shown) {
    const { feed, type, source, streams, state, counts, paused, lease, position, lastError, rejected, bursts } = shown;
    const told = Object.entries(counts).filter(([, count]) => count > 0);
    return [
      `${feed}  ${type} ${source}`,
      `  fills      ${streams.join(', ') || 'nothing'}`,
      `  state      ${state}${paused === null ? '' : ` since ${paused.since} by ${paused.by}${paused.reason === null ? '' : `: ${paused.reason}`}`}`,
      `  every      ${shown.everyMs / 1_000} s, ${bursts} bursts, ${shown.failures} failed in a row`,
      `  next       ${shown.nextAt ?? 'now'}`,
      `  last       began ${shown.lastStartAt ?? 'never'}, did well ${shown.lastSuccessAt ?? 'never'}`,
      `  since ever ${told.map(([what, count]) => `${count} ${what}`).join(', ') || 'nothing came'}`,
      ...(lease === null ? [] : [`  run by     ${lease.holder} until ${lease.until}`]),
      ...(position === null ? [] : [`  position   ${position}`]),
      ...(lastError === null ? [] : [`  error      ${lastError.at} ${lastError.code}: ${lastError.message}`]),
      ...(rejected === null ? [] : [`  rejected   ${jsonText(rejected)}`]),
    ];
  },
});

function at(time: number | null | undefined): string | null {
  return time === null || time === undefined || time === 0 ? null : isoTime(time);
}
