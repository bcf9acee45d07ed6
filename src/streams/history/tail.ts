/**
 * Follows a stream for a short while, until events came and a moment has passed, the time is up, or the process ends. It keeps nothing
 * afterwards: it always returns a cursor, and the next call continues from it without missing an event. It polls the log; a caller
 * that wants events as they are found passes `onEvents`.
 */
import { timeLeft } from '../../base/time/time-left.ts';
import type { Where } from '../../declare/condition.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { isGap, type StreamEvent } from '../../base/event.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import { wentBack } from '../../store/cursor.ts';
import type { Cursor, LogPage } from '../../store/store.ts';
import { passesWhere } from '../conditions/scope.ts';
import { PAGE_CHARACTERS } from './events.ts';
import { besides, isErased, obey } from '../log/removals.ts';
import { toStreamEvent } from '../log/stream-log.ts';
import { streamLog } from '../log/stream-log.ts';
import { ANSWER_MS } from '../ranges/range-scan.ts';
import { decodeTailCursor, encodeTailCursor } from '../log/tail-cursor.ts';
import { ofStream, type Scope } from '../scope.ts';
import { loggedEvent } from '../log/stream-log.ts';

export const LONGEST_TAIL_MS = 25_000;
export const DEFAULT_TAIL_MS = 10_000;
/** How long a tail waits for further events once it has some, ms. */
export const DEFAULT_SETTLE_MS = 1_000;
export const DEFAULT_TAIL_EVENTS = 100;
export const MOST_TAIL_EVENTS = 1_000;
/** Pause after a read that found entries. After a read that found none, the pause doubles. */
const SHORTEST_PAUSE_MS = 250;
/** The pause grows to this at most. */
const LONGEST_PAUSE_MS = 2_000;
/** Most entries of one read: an answer often has room for fewer events than were asked for. */
const PIECE = 250;
/** Most full pages that are read without a pause. After them the tail pauses between pages. */
const MOST_FULL_PAGES = 20;

export interface TailOptions {
  /** Cursor of a read or a tail of this stream; null: only events that come from now on. */
  cursor: string | null;
  /** 1 to `MOST_TAIL_EVENTS`. */
  maxEvents: number;
  /** At most `LONGEST_TAIL_MS`; a longer time is cut to that. 0: only the events that are already there. */
  timeoutMs: number;
  /** Once there is an event, further ones are waited for so long, ms, and within `timeoutMs`. */
  settleMs: number;
  signal: AbortSignal;
  /** Epoch ms by which the caller needs the answer. */
  deadline: number;
  /** Only events of these keys and gaps without a key; null: all. */
  keys?: ReadonlySet<string> | null;
  /** Only events whose data pass the filter, and gaps. Default: all. */
  where?: Where;
  /** Takes an event where the answer has room for it; the first one in any case. Default: always. */
  take?: (event: StreamEvent) => boolean;
  /**
   * Asked before each pause, with the characters of the events so far. False: the tail answers now what it has. Default: it waits.
   */
  rest?: (characters: number) => boolean;
  /** Called with the new events of each read. It must not throw. */
  onEvents?(events: readonly StreamEvent[]): void;
}

export interface Tail {
  /** Oldest first. */
  events: StreamEvent[];
  /** Continues after these events: none is missed and none comes twice. */
  cursor: string;
  /** Events after the given cursor were trimmed before they could be read, or the events are `anew`. */
  truncated: boolean;
  /** The stream went back to an earlier state, such as by a restore: the events begin at its oldest. */
  anew: boolean;
  /**
   * `count`: the answer is full, and more events may wait. `settled`: events came, and `settleMs` are over. `time`: nothing
   * came in time. `cancelled`: the caller went away.
   */
  ended: 'count' | 'settled' | 'time' | 'cancelled';
  storeCalls: number;
}

/**
 * Store calls: one to find the log's end where there is no cursor, then at most one every 250 ms, and one every 2 s
 * while nothing comes; at most 102 in all. There are up to `MOST_FULL_PAGES` more, where more than `PIECE` events are asked for
 * or those alone that pass keys or a filter. Those are made even when `timeoutMs` is over, as long as the deadline allows.
 * @throws TidegateError `bad_cursor` for a cursor of another stream.
 */
export async function tailStream(scope: Scope, stream: DeclaredStream, options: TailOptions): Promise<Tail> {
  const { store, runtime } = scope;
  const place = ofStream(scope, stream);
  const log = streamLog(place.tenant, stream.name);
  const latest = options.deadline - ANSWER_MS;
  const ending = runtime.ending?.begun;
  const wake = ending === undefined ? options.signal : AbortSignal.any([options.signal, ending]);
  const now = () => runtime.now();
  let stillWaits = timeLeft(now, Math.min(options.timeoutMs, LONGEST_TAIL_MS, latest - now()));
  const events: StreamEvent[] = [];
  let position: Cursor | null = options.cursor === null ? null : decodeTailCursor(stream.name, options.cursor);
  let characters = 0;
  let truncated = false;
  let anew = false;
  let storeCalls = 0;
  if (options.cursor === null) {
    position = (await store.extent(log)).end;
    storeCalls += 1;
  }
  const answer = (ended: Tail['ended']): Tail => ({
    events,
    cursor: encodeTailCursor(stream.name, position),
    truncated,
    anew,
    ended,
    storeCalls,
  });

  /** Takes the events of a page that the answer has room for. Returns false where there are more. */
  function take(page: LogPage): boolean {
    position = page.start;
    for (const entry of page.entries) {
      const logged = loggedEvent.read(entry);
      const event = toStreamEvent(stream.name, logged);
      if (!isErased(logged) && isWanted(event, options)) {
        if (events.length >= options.maxEvents) return false;
        characters += JSON.stringify(event).length;
        if ((characters > PAGE_CHARACTERS && events.length > 0) || options.take?.(event) === false) return false;
        events.push(event);
      }
      position = entry.cursor;
    }
    return true;
  }

  let fullPages = 0;
  for (let pause = SHORTEST_PAUSE_MS; ;) {
    const wanted = options.keys || options.where ? READ_LIMIT : Math.min(options.maxEvents - events.length, PIECE);
    const page = obey(await store.read(log, position, wanted, besides(place, stream.name)));
    storeCalls += 1;
    truncated ||= page.truncated;
    anew ||= wentBack(page, position);
    const before = events.length;
    const took = take(page);
    if (events.length > before) options.onEvents?.(events.slice(before));
    if (before === 0 && events.length > 0) stillWaits = timeLeft(now, Math.min(stillWaits(), options.settleMs));
    if (!took || events.length >= options.maxEvents) return answer('count');
    if (options.signal.aborted) return answer('cancelled');
    if (page.entries.length === wanted && fullPages < MOST_FULL_PAGES && runtime.now() < latest) {
      fullPages += 1;
      continue;
    }
    const left = ending?.aborted === true ? 0 : stillWaits();
    if (left <= 0 || options.rest?.(characters) === false) return answer(events.length > 0 ? 'settled' : 'time');
    pause = page.entries.length > 0 ? SHORTEST_PAUSE_MS : pause;
    await runtime.sleep(Math.min(pause, left), wake);
    if (options.signal.aborted) return answer('cancelled');
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}

/** A gap without a key concerns every key, so it is wanted. */
function isWanted(event: StreamEvent, { keys, where }: Pick<TailOptions, 'keys' | 'where'>): boolean {
  const isOfKeys = keys == null || (event.key === undefined ? isGap(event) : keys.has(event.key));
  return isOfKeys && (isGap(event) || passesWhere(where, event.data));
}
