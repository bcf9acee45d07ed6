/** `feeds list`: how each feed is. */
import * as z from 'zod';
import { isoTime } from '../../base/time/time-text.ts';
import { feedStatus } from '../../feeds/records/status.ts';
import { scopeOf } from '../../streams/scope.ts';
import { operatorAction } from '../action.ts';
import { ago, table } from '../table.ts';

const FeedRow = z.object({
  feed: z.string(),
  type: z.string(),
  source: z.string(),
  streams: z.array(z.string()),
  state: z.string(),
  lagMs: z.number().nullable().describe('Age of the newest event that it brought; null: it brought none'),
  backlog: z.number().nullable().describe('Items known to wait upstream'),
  failures: z.number().describe('Failed bursts in a row'),
  nextAt: z.string().nullable().describe('The next burst, ISO 8601; null: it is due'),
  lastError: z.object({ code: z.string(), message: z.string(), at: z.string() }).nullable(),
});

export const feedsList = operatorAction({
  noun: 'feeds',
  verb: 'list',
  description: 'How each feed is: its state, how old its newest event is, and its last error.',
  input: z.strictObject({}),
  output: z.object({ feeds: z.array(FeedRow) }),
  effect: 'reads',
  each: 'feeds',
  async run(_input, { deps, tenant }) {
    const now = deps.runtime.now();
    const statuses = await feedStatus(scopeOf(deps, { tenant }));
    const feeds = statuses.map(
      ({ feed, type, source, streams, state, lagMs, backlog, failures, nextAt, lastError }) => ({
        feed,
        type,
        source,
        streams,
        state,
        lagMs,
        backlog,
        failures,
        nextAt: nextAt <= now ? null : isoTime(nextAt),
        lastError: lastError && { ...lastError, at: isoTime(lastError.at) },
      }),
    );
    return { feeds };
  },
  lines({ feeds }, now, width) {
    if (feeds.length === 0) return ['The app declares no feeds.'];
    const rows = feeds.map(({ feed, type, state, lagMs, failures, nextAt, streams, lastError }) => [
      feed,
      type,
      state,
      lagMs === null ? '' : ago(now - lagMs, now),
      String(failures),
      nextAt === null ? 'now' : `in ${ago(now, Date.parse(nextAt))}`,
      streams.join(', '),
      lastError === null ? '' : `${lastError.code}: ${lastError.message}`,
    ]);
    return table([['FEED', 'TYPE', 'STATE', 'LAG', 'FAILED', 'NEXT', 'STREAMS', 'ERROR'], ...rows], width, [0, 2]);
  },
});
