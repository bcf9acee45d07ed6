/** `streams list`: how much each stream keeps, and how fresh it is. */
import * as z from 'zod';
import { durationText, isoTime } from '../../base/time/time-text.ts';
import { ofStream, scopeOf } from '../../streams/scope.ts';
import { operatorAction } from '../action.ts';
import { storedCount } from '../stored-count.ts';
import { ago, table } from '../table.ts';

const StreamRow = z.object({
  stream: z.string(),
  title: z.string(),
  shared: z.boolean().describe('One log for all tenants; false: each tenant has its own'),
  keyed: z.boolean(),
  feed: z.string().nullable(),
  events: z.number().describe('How many are kept now; of more than 1,000, with the places of removed ones'),
  newestAt: z.string().nullable().describe('When the newest arrived, ISO 8601'),
  retention: z.object({ events: z.number(), ageMs: z.number().nullable() }),
});

export const streamsList = operatorAction({
  noun: 'streams',
  verb: 'list',
  description: 'How much each stream keeps, of how much it may, and how fresh it is.',
  input: z.strictObject({}),
  output: z.object({ streams: z.array(StreamRow) }),
  effect: 'reads',
  each: 'streams',
  async run(_input, { deps, tenant }) {
    const scope = scopeOf(deps, { tenant });
    const streams = await Promise.all(
      [...deps.app.streams.values()].map(async (stream) => {
        const { events, newestAt } = await storedCount(ofStream(scope, stream), stream.name);
        const { name, title, keyed, feed, tenants, retention } = stream;
        return {
          stream: name,
          title,
          shared: tenants === 'shared',
          keyed,
          feed,
          events,
          newestAt: newestAt === null ? null : isoTime(newestAt),
          retention: { events: retention.events, ageMs: retention.ageMs },
        };
      }),
    );
    return { streams };
  },
  lines({ streams }, now, width) {
    if (streams.length === 0) return ['The app declares no streams.'];
    const rows = streams.map(({ stream, events, retention: { events: most, ageMs }, newestAt, feed, shared }) => [
      stream,
      String(events),
      `${most}${ageMs === null ? '' : `, ${durationText(ageMs)}`}`,
      newestAt === null ? 'never' : `${ago(Date.parse(newestAt), now)} ago`,
      feed ?? '',
      shared ? 'all' : 'each',
    ]);
    return table([['STREAM', 'EVENTS', 'KEPT', 'NEWEST', 'FEED', 'TENANTS'], ...rows], width);
  },
});
