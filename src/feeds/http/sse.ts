/** Server-sent events as the format of an HTTP feed: what may be declared. They are read in sse-burst.ts, which is loaded on demand. */
import type { Problem } from '../../declare/problem.ts';
import { type KnownNames, unknownKeys } from '../../declare/spec/known-names.ts';
import type { EventFormat } from './options.ts';
import type { SseOptions } from './sse-parser.ts';

const KNOWN: KnownNames<SseOptions> = { events: true, data: true, envelope: true };

/**
 * Server-sent events, read until the burst's budget is spent; a connection that ends is opened again within the burst,
 * after the source's `retry`. The position is the last event's id, which the next burst sends as `Last-Event-ID`. What a
 * source without ids sends between two bursts is lost: there `everyMs` should be no more than `budget.timeMs`. Of a source
 * that gives ids to some events only, those without one come again where it gives them again behind the last id.
 */
export function sse(options: SseOptions = {}): EventFormat {
  return {
    kind: 'format',
    name: 'server-sent events',
    accept: 'text/event-stream',
    refuses: /^(?!\s*text\/event-stream\b)/,
    maxBytes: null,
    reads: 'events',
    problems: () => sseProblems(options),
    async load() {
      const { readEvents } = await import('./sse-burst.ts');
      return (feed, context, signal) => readEvents(feed, options, context, signal);
    },
  };
}

function sseProblems(options: SseOptions): Problem[] {
  const { data = 'json', envelope = false } = options;
  const problems = unknownKeys(options, KNOWN);
  const events: unknown = options.events;
  const known =
    events === undefined ||
    (Array.isArray(events) && events.length > 0 && events.every((name) => typeof name === 'string' && name !== ''));
  if (!known) problems.push({ path: 'events', expected: 'a list of types of events, such as message' });
  if (data !== 'json' && data !== 'text') {
    problems.push({ path: 'data', expected: 'json or text', found: String(data) });
  }
  if (typeof envelope !== 'boolean') {
    problems.push({ path: 'envelope', expected: 'true or false', found: String(envelope) });
  }
  return problems;
}
