/**
 * Folds repeated gaps: of the gaps of one reason that a stream gets while nothing arrives, the first is told at once, and
 * the last when an event arrives, before it. Without it a feed that connects in vain would fill its streams with gaps. It
 * stores nothing: the feed's record remembers which gaps were told. Pure.
 */
import type { LoggedEvent } from '../../base/event.ts';
import { utf8Bytes } from '../../base/json.ts';

/** The gaps that were told since the last event, as the feed's record holds them. */
export interface ToldGaps {
  /** `counts.events` at that time. If the feed has more by now, a release that knows no folding brought them. */
  events: number;
  /** When each was told, epoch ms, by `<stream> <reason>`. */
  told: Record<string, number>;
}

/** Most bytes of the names of told gaps. Those beyond are not folded. */
export const TOLD_GAPS_BYTES = 2 * 1024;
/** Most gaps that are told before an event. */
const MOST_CLOSING = 20;

interface GapOf {
  stream: string;
  event: LoggedEvent;
}

export interface GapFold {
  /** Whether a gap repeats what was told. It is then kept back, and not appended. */
  isRepeated(gap: GapOf): boolean;
  /** Whether a gap is kept back. */
  isPending(): boolean;
  /** The gaps to append before an event: the last of each that was kept back. */
  closing(): GapOf[];
  /** Takes note that an event arrived, behind what `closing` answered. */
  arrived(): void;
  state(events: number): ToldGaps | null;
}

export function createGapFold(before: ToldGaps | null, events: number): GapFold {
  const told = new Map(before?.events === events ? Object.entries(before.told) : []);
  const kept = new Map<string, GapOf>();

  function remember(name: string, at: number): void {
    const bytes = utf8Bytes(JSON.stringify([...told, [name, at]]));
    if (bytes <= TOLD_GAPS_BYTES) told.set(name, at);
  }

  return {
    isRepeated(gap) {
      const name = `${gap.stream} ${gap.event.meta?.gap?.reason ?? ''}`;
      if (!told.has(name)) {
        remember(name, gap.event.time);
        return false;
      }
      kept.set(name, gap);
      return true;
    },
    isPending: () => kept.size > 0,
    closing() {
      const some = [...kept].slice(0, MOST_CLOSING);
      return some.map(([name, gap]) => closingGap(gap, told.get(name) ?? gap.event.time));
    },
    arrived() {
      // Each event asks for it, and to clear an empty map is not for nothing.
      if (told.size > 0) told.clear();
      if (kept.size > 0) kept.clear();
    },
    state: (now) => (told.size === 0 ? null : { events: now, told: Object.fromEntries(told) }),
  };
}

/** A gap with what else is to be said of it: since when such gaps came. */
function closingGap({ stream, event }: GapOf, since: number): GapOf {
  const gap = { reason: '', ...event.meta?.gap };
  const those = `the last of such gaps since ${new Date(since).toISOString()}`;
  const detail = gap.detail === undefined ? those : `${gap.detail}; ${those}`;
  return { stream, event: { ...event, meta: { ...event.meta, gap: { ...gap, detail } } } };
}
