/** Server-sent events as the format of an HTTP feed. They are read by burst.ts, which is loaded with the first burst that needs it. */
import { specProblems } from '../../../declare/spec/problems.ts';
import type { EventFormat } from '../options.ts';
import { type SseOptions, sseSpec } from './options.ts';

/**
 * Server-sent events, read until the burst's budget is spent, or without end on a host that stays up. A connection that ends is opened again within the burst, after
 * the source's `retry`. The position is the id of the last event, which the next burst sends as `Last-Event-ID`. Events that
 * a source without ids sends between two connections or two bursts are lost, which a gap event tells. Give such a feed an
 * `everyMs` of at most `budget.timeMs` where bursts end. If a source gives ids to some events only, those without one are known again where it begins anew, and may be stored twice
 * where it rightly sends them again behind the last id.
 */
export function sse(options: SseOptions = {}): EventFormat {
  return {
    kind: 'format',
    name: 'server-sent events',
    accept: 'text/event-stream',
    refuses: /^(?!text\/event-stream$)/,
    maxBytes: null,
    options,
    reads: 'events',
    problems: () => specProblems(sseSpec, options),
    async load() {
      const { readEvents } = await import('./burst.ts');
      return (feed, context, signal) => readEvents(feed, options, context, signal);
    },
  };
}
