/** `streams show`: a stream as it is declared, and what of it is stored. */
import * as z from 'zod';
import { durationText, isoTime } from '../../base/time/time-text.ts';
import { shownEvent } from '../../calls/short-lines.ts';
import { jsonText } from '../../base/plain.ts';
import { fieldsOf } from '../../streams/fields.ts';
import { readKeys } from '../../streams/log/read-latest.ts';
import { readRemovals } from '../../streams/log/removals.ts';
import { loggedEvent, streamLog, toStreamEvent } from '../../streams/log/stream-log.ts';
import { besides, obey } from '../../streams/log/removals.ts';
import { operatorAction } from '../action.ts';
import { storedCount } from '../stored-count.ts';
import { NameOfStream, streamNamed } from './named-stream.ts';

const KEYS_SHOWN = 20;

export const streamsShow = operatorAction({
  noun: 'streams',
  verb: 'show',
  description:
    'A stream as it is declared, how much of it is stored, some of its keys, and its newest event, the one that arrived last.',
  input: z.strictObject({ stream: NameOfStream }),
  words: ['stream'],
  output: z.object({
    stream: z.string(),
    title: z.string(),
    description: z.string(),
    fields: z.array(z.string()),
    keyed: z.boolean(),
    identified: z.boolean().describe('Its events have ids, by which repeated ones are known'),
    shared: z.boolean(),
    feed: z.string().nullable(),
    events: z.number().describe('How many are kept now; of more than 1,000, with the places of removed ones'),
    newestAt: z.string().nullable(),
    retention: z.object({ events: z.number(), ageMs: z.number().nullable() }),
    keys: z.array(z.string()).describe('Some of them'),
    moreKeys: z.boolean(),
    removals: z.number().describe('Removals whose events are not all erased yet'),
    newest: z.record(z.string(), z.unknown()).nullable(),
  }),
  effect: 'reads',
  async run({ stream: name }, context) {
    const { stream, own } = streamNamed(context, name);
    const { store, runtime, tenant } = own;
    const log = streamLog(tenant, name);
    const [stored, page, keys, removals] = await Promise.all([
      storedCount(own, name),
      store.last(log, 1, null, besides({ runtime, tenant }, name)),
      stream.keyed ? readKeys(own, name, { prefix: '', limit: KEYS_SHOWN }) : { values: [], hasMore: false },
      readRemovals(own, name),
    ]);
    const [entry] = obey(page).entries;
    return {
      stream: name,
      title: stream.title,
      description: stream.description,
      fields: fieldsOf(stream).map((field) => `${field.name}: ${field.type}`),
      keyed: stream.keyed,
      identified: stream.identified,
      shared: stream.tenants === 'shared',
      feed: stream.feed,
      events: stored.events,
      newestAt: stored.newestAt === null ? null : isoTime(stored.newestAt),
      retention: { events: stream.retention.events, ageMs: stream.retention.ageMs },
      keys: keys.values,
      moreKeys: keys.hasMore,
      removals: removals?.value.active.filter(({ doneAt }) => doneAt === null).length ?? 0,
      newest: entry === undefined ? null : { ...shownEvent(toStreamEvent(name, loggedEvent.read(entry))) },
    };
  },
  lines({
    stream,
    description,
    fields,
    identified,
    shared,
    feed,
    events,
    newestAt,
    retention,
    keys,
    moreKeys,
    removals,
    newest,
  }) {
    const kept = `${retention.events} events${retention.ageMs === null ? '' : ` for ${durationText(retention.ageMs)}`}`;
    return [
      `${stream}: ${description}`,
      `  fields     ${fields.join(', ')}`,
      `  stored     ${events} events, the newest came ${newestAt ?? 'never'}; at most ${kept}`,
      `  filled by  ${feed === null ? 'pushes and publishing' : `the feed ${feed}`}; ${shared ? 'one log for all tenants' : 'a log for each tenant'}; ${identified ? 'ids' : 'no ids'}`,
      ...(keys.length === 0 ? [] : [`  keys       ${keys.join(', ')}${moreKeys ? ', …' : ''}`]),
      ...(removals === 0 ? [] : [`  removals   ${removals} not yet erased: the sweep goes on`]),
      ...(newest === null ? [] : [`  newest     ${jsonText(newest)}`]),
      ...(events < 2
        ? []
        : [`  more       streams tail ${stream} has the newest, streams export ${stream} all from the oldest on`]),
    ];
  },
});
