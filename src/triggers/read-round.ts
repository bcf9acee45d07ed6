/** Reads the logs that triggers watch, each once for all of them, and hands each trigger what is new to it. */
import { paceOf } from '../base/pace.ts';
import { timeWithin } from '../base/time/stored-time.ts';
import { decodeCursor, entriesBetween } from '../store/cursor.ts';
import { READ_LIMIT } from '../store/limits.ts';
import type { Cursor } from '../store/store.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import { besides, obey, removals } from '../streams/log/removals.ts';
import { loggedEvent, streamLog } from '../streams/log/stream-log.ts';
import { ofStream, type Scope } from '../streams/scope.ts';
import type { ArrivedEvent } from './judging/moment.ts';
import type { StandingTrigger } from './standing.ts';

export interface LogArrivals {
  arrivals: ArrivedEvent[];
  /** Behind the last of them. */
  cursor: Cursor | null;
  /** Before the first of them. */
  start: Cursor | null;
  /** The log had no more when it was read. */
  isEnd: boolean;
  /** Entries before these are gone, or the log is another one by now. */
  truncated: boolean;
}

/** One page of a stream, from the earliest position of those that watch it. One store call. */
export async function readArrivals(
  scope: Scope,
  stream: DeclaredStream,
  standings: readonly StandingTrigger[],
): Promise<LogArrivals> {
  const own = ofStream(scope, stream);
  const from = earliest(standings.map(({ positions }) => positions.get(stream.name) ?? null));
  return pageFrom(scope, own, stream, from);
}

async function pageFrom(
  scope: Scope,
  own: ReturnType<typeof ofStream<Scope>>,
  stream: DeclaredStream,
  from: Cursor | null,
): Promise<LogArrivals> {
  const log = streamLog(own.tenant, stream.name);
  const page = obey(await scope.store.read(log, from, READ_LIMIT, besides(own, stream.name)));
  const now = scope.runtime.now();
  const { active = [] } = (page.beside && removals.read(page.beside)) ?? {};
  const removedBy = new Map(active.map(({ entry, what }) => [entry, what]));
  let before = page.start;
  let place = before === null ? 0 : decodeCursor(before).place;
  const arrivals = page.entries.map((entry): ArrivedEvent => {
    const event = loggedEvent.read(entry);
    const removed = removedBy.get(event.id);
    const appendedAt = timeWithin(entry.appendedAt, now, 0);
    const arrival = {
      event,
      ...(removed === undefined ? {} : { removed }),
      appendedAt,
      ...(appendedAt === entry.appendedAt ? {} : { isOfWrongClock: true as const }),
      before,
      after: entry.cursor,
      place,
    };
    before = entry.cursor;
    place += 1;
    return arrival;
  });
  const { cursor, start, truncated } = page;
  const isEnd = page.entries.length < READ_LIMIT || cursor === page.end;
  return { arrivals, cursor, start, isEnd, truncated };
}

/**
 * Reads once more a log that was read before others were, so that what came to it before something in them is not judged after
 * that. One store call. @param until epoch ms: what came later is left for another time
 */
export async function readOnceMore(
  scope: Scope,
  stream: DeclaredStream,
  page: LogArrivals,
  until: number,
): Promise<void> {
  const more = await pageFrom(scope, ofStream(scope, stream), stream, page.cursor);
  const known = more.arrivals.filter(({ appendedAt }) => appendedAt <= until);
  page.arrivals.push(...known);
  page.start ??= more.start;
  page.cursor = known.at(-1)?.after ?? page.cursor;
  page.isEnd = more.isEnd && known.length === more.arrivals.length;
}

/** The earliest of some positions; null where one of them is, or where they are of different epochs. */
function earliest(positions: readonly (Cursor | null)[]): Cursor | null {
  let [least = null] = positions;
  for (const one of positions) {
    if (one === null || least === null) return null;
    if (one === least) continue;
    const between = entriesBetween(least, one);
    if (between === null) return null;
    if (between < 0) least = one;
  }
  return least;
}

/** What of some pages is new to a trigger, in the order in which it came, with the name of its stream. */
export function newTo(
  standing: StandingTrigger,
  pages: ReadonlyMap<string, LogArrivals>,
): { stream: string; arrival: ArrivedEvent }[] {
  const { plan, positions } = standing;
  const [only = ''] = plan.streams;
  const own = plan.streams.map((stream) => {
    const page = pages.get(stream);
    return { stream, page, left: page === undefined ? [] : leftOf(positions.get(stream) ?? null, page) };
  });
  if (own.length === 1) return (own[0]?.left ?? []).map((arrival) => ({ stream: only, arrival }));
  // Of a log that was not read to its end, more may have come than what stands in the page.
  const until = Math.min(
    ...own.map(({ page, left }) => (page && !page.isEnd ? (left.at(-1)?.appendedAt ?? -Infinity) : Infinity)),
  );
  return own
    .flatMap(({ stream, left }) => left.map((arrival) => ({ stream, arrival })))
    .filter(({ arrival }) => arrival.appendedAt <= until)
    .sort((a, b) => a.arrival.appendedAt - b.arrival.appendedAt);
}

function leftOf(position: Cursor | null, { arrivals, start }: LogArrivals): readonly ArrivedEvent[] {
  if (position === null || start === null || position === start) return arrivals;
  const skipped = entriesBetween(start, position);
  return skipped === null || skipped <= 0 ? arrivals : arrivals.slice(skipped);
}

/** To look at the clock costs as much as to judge an event. */
const PACED_EVERY = 64;

/** Takes in what is new, until there is something to be stored. @returns false: not all of it */
export async function takeArrivals(
  { runtime }: Pick<Scope, 'runtime'>,
  standing: StandingTrigger,
  entries: readonly { stream: string; arrival: ArrivedEvent }[],
): Promise<boolean> {
  const { judge, positions } = standing;
  const pace = paceOf(runtime);
  for (const [index, { stream, arrival }] of entries.entries()) {
    const rest = index % PACED_EVERY === 0 ? pace() : null;
    if (rest !== null) await rest;
    const head = judge.state.clocks.get(stream)?.head ?? null;
    if (!judge.take(stream, arrival, head !== arrival.before && isBefore(arrival, head))) return false;
    positions.set(stream, arrival.after);
    standing.ahead += 1;
  }
  return true;
}

/** Whether an entry stands before a position of the same log. */
function isBefore({ after, place }: ArrivedEvent, head: Cursor | null): boolean {
  if (head === null || head === after) return head === after;
  const [own, other] = [decodeCursor(after), decodeCursor(head)];
  return own.epoch === other.epoch && place < other.place;
}
