/** How often it is worth asking for events of a source. Pure. */
import type { App } from '../../declare/app.ts';
import type { OccurrencePage } from '../../streams/sources/page.ts';
import type { EventSource } from '../../streams/sources/sources.ts';

/** Clients have a floor of 1 s of their own. */
const SHORTEST_MS = 1_000;
const LONGEST_MS = 60_000;
/** Where nothing is known of when events come. */
const UNKNOWN_MS = 5_000;

/**
 * After how many ms to ask again: as often as the fastest feed brings something to one of the streams, or as the events of this page
 * came, where that is sooner.
 */
export function nextPollMs({ feeds }: Pick<App, 'feeds'>, source: EventSource, page: OccurrencePage | null): number {
  const streams = source.trigger === null ? [source.stream.name] : [...source.trigger.on.values()];
  const filling = [...feeds.values()].filter(({ targets }) => targets.some(({ stream }) => streams.includes(stream)));
  const everyMs = Math.min(...filling.map((feed) => feed.everyMs));
  const usualMs = Number.isFinite(everyMs) ? everyMs : UNKNOWN_MS;
  const [first, last] = [page?.occurrences[0], page?.occurrences.at(-1)];
  const gapMs =
    page && first && last && first !== last
      ? (last.appendedAt - first.appendedAt) / (page.occurrences.length - 1)
      : Number.POSITIVE_INFINITY;
  return Math.round(Math.max(SHORTEST_MS, Math.min(LONGEST_MS, usualMs, gapMs)));
}
