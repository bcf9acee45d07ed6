/** How often it is worth asking for events of a source. Pure. */
import type { App } from '../../declare/app.ts';
import type { OccurrencePage } from '../../streams/sources/page.ts';
import type { EventSource } from '../../streams/sources/sources.ts';

/** Clients have a floor of 1 s of their own. Events that came within it came together, as those of a burst do. */
const SHORTEST_MS = 1_000;
/** A poll costs the same whether it finds something or not, so a feed that is pulled seldom is seldom worth one. */
const LONGEST_MS = 300_000;
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
  const gapMs = gapOf(page?.occurrences.map(({ appendedAt }) => appendedAt) ?? []);
  return Math.round(Math.max(SHORTEST_MS, Math.min(LONGEST_MS, usualMs, gapMs)));
}

/** The mean time between two arrivals, ms; infinite where there is one at most. */
function gapOf(times: readonly number[]): number {
  const arrivals: number[] = [];
  for (const time of times)
    if (time - (arrivals.at(-1) ?? Number.NEGATIVE_INFINITY) >= SHORTEST_MS) arrivals.push(time);
  const [first, last] = [arrivals[0], arrivals.at(-1)];
  if (first === undefined || last === undefined || first === last) return Number.POSITIVE_INFINITY;
  return (last - first) / (arrivals.length - 1);
}
