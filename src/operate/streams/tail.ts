/** `streams tail`: the newest events, and with `--follow` those that come, until Ctrl-C. */
import * as z from 'zod';
import { isGap } from '../../base/event.ts';
import { eventLine, shownEvent } from '../../calls/short-lines.ts';
import { isErased, nameOf } from '../../streams/log/removals.ts';
import { LONGEST_TAIL_MS, MOST_TAIL_EVENTS, tailStream } from '../../streams/history/tail.ts';
import { readHistory } from '../../streams/history/events.ts';
import { operatorAction } from '../action.ts';
import { NameOfStream, streamNamed } from './named-stream.ts';

const MOST_SHOWN = 1_000;
/** How long new events are gathered, ms. */
const SETTLE_MS = 50;

const Tailed = z.record(z.string(), z.unknown());

export const streamsTail = operatorAction({
  noun: 'streams',
  verb: 'tail',
  description:
    'The newest events of a stream, oldest first; with follow the command goes on with those that come, until Ctrl-C or as many as max.',
  input: z.strictObject({
    stream: NameOfStream,
    limit: z.number().int().min(0).max(MOST_SHOWN).default(10).describe('How many of those that are there'),
    key: z.array(z.string().min(1).max(256)).max(20).optional().describe('Only events of these keys'),
    follow: z.boolean().optional().describe('Go on with events that come; for the command alone'),
    max: z.number().int().min(1).optional().describe('With follow: end after so many events'),
  }),
  words: ['stream'],
  output: z.object({
    stream: z.string(),
    events: z.array(Tailed),
    identified: z.boolean(),
    followed: z
      .number()
      .nullable()
      .describe('Events that came while it followed, told one by one; null: it did not follow'),
  }),
  effect: 'reads',
  each: 'events',
  async run({ stream: name, limit, key: keys, follow = false, max = Number.POSITIVE_INFINITY }, context) {
    const { stream, scope } = streamNamed(context, name);
    const { tell, signal, deadline } = context;
    const { identified } = stream;
    const only = keys === undefined ? {} : { keys };
    // Where the log ends is found before its newest events are read, so that none is missed between the two.
    const here = {
      maxEvents: MOST_TAIL_EVENTS,
      settleMs: SETTLE_MS,
      signal,
      deadline,
      keys: keys ? new Set(keys) : null,
    };
    const start = await tailStream(scope, stream, { ...here, cursor: null, timeoutMs: 0 });
    const page =
      limit === 0
        ? { events: [] }
        : await readHistory(scope, stream, { order: 'newest', by: 'arrival', limit, ...only });
    const events = page.events.toReversed().map((event) => ({ ...shownEvent(event) }));
    if (!follow || tell === null) return { stream: name, events, identified, followed: null };
    for (const event of page.events.toReversed()) await tell(shownEvent(event), eventLine(event, identified));
    let followed = 0;
    let { cursor } = start;
    const seen = new Set(page.events.map(nameOf));
    while (!signal.aborted && followed < max && scope.runtime.now() < deadline) {
      const tail = await tailStream(scope, stream, { ...here, cursor, timeoutMs: LONGEST_TAIL_MS });
      ({ cursor } = tail);
      for (const event of tail.events) {
        // What came between the two reads at the start was told.
        if (seen.delete(nameOf(event)) || (isGap(event) && isErased(event as never))) continue;
        if (followed >= max) break;
        followed += 1;
        await tell(shownEvent(event), eventLine(event, identified));
      }
      if (tail.events.length > 0) seen.clear();
    }
    return { stream: name, events: [], identified, followed };
  },
  lines({ stream, events, identified, followed }) {
    if (followed !== null) return [];
    if (events.length === 0) return [`${stream} has no such events`];
    return events.map((event) => eventLine(event as never, identified));
  },
});
