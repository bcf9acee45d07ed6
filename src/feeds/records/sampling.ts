/**
 * Sampling: thins events per stream and key before they are stored. Its state (counters, open windows) lasts from burst to
 * burst. The state is bounded in keys and bytes: beyond the bound, the key that was seen longest ago is closed first. Then
 * its window's event is stored and its count begins anew. Pure.
 *
 * Windows are of event time. An event that is dated in the future counts as one of now, because otherwise a single wrong
 * date would hold back a key until that day. A window closes when an event of a later window comes, or by the clock,
 * `windowMs` after it was opened. An event of a window before the open one is left out. An event without the field that
 * is to be reduced passes unchanged.
 */
import { isToCome, liesBeyond } from '../../base/time/stored-time.ts';
import * as z from 'zod';
import type { Sampling } from '../../declare/feed.ts';
import type { LoggedEvent } from '../../base/event.ts';
import { type JsonObject, utf8Bytes } from '../../base/json.ts';
import { loggedEventSchema } from '../../streams/log/stream-log.ts';

export const MOST_SLOTS = 500;
export const MOST_STATE_BYTES = 64 * 1024;
/** Most bytes of a slot beside its names and its event. */
const SLOT_BYTES = 240;

export interface Sampled {
  /** The stream, or where events name their tenants, the name of the place (`Place.name`). */
  stream: string;
  event: LoggedEvent;
}

export interface Sampler {
  /** Takes an event, and returns the events to store now: none, this one, or those of windows that it closed. */
  take(stream: string, event: LoggedEvent, bytes: number, now: number): Sampled[];
  /** Takes the last `take` back. */
  undo(): void;
  /** Returns the events of the windows that the clock closes. */
  close(now: number): Sampled[];
  /** The streams, or places, of which something is kept. */
  streams(): Set<string>;
  /** For the feed's record. */
  state(): SamplingState;
}

interface Slot {
  stream: string;
  /** For `every`: events seen since the last one that was stored. */
  seen: number;
  window: Window | null;
  /** About how many bytes the slot takes in the state. */
  bytes: number;
}

interface Window {
  /** Start of the window, epoch ms. */
  from: number;
  /** When the window was opened, by our clock, epoch ms. */
  openedAt: number;
  event: LoggedEvent;
  /** The time that counts for the event, epoch ms: its own time, but never later than its arrival. */
  at: number;
  /** For `mean`: the sum of `count` values. */
  sum: number;
  count: number;
}

/** What sampling keeps between bursts: slots by stream and key, the one seen longest ago first. */
export type SamplingState = [string, Slot][];

/** The schema of what sampling keeps in a feed's record. */
export function samplingSchema(): z.ZodType<SamplingState> {
  const window = z.strictObject({
    from: z.number(),
    openedAt: z.number(),
    event: loggedEventSchema(),
    at: z.number(),
    sum: z.number(),
    count: z.number(),
  });
  const slot = z.strictObject({ stream: z.string(), seen: z.number(), window: window.nullable(), bytes: z.number() });
  return z.array(z.tuple([z.string(), slot]));
}

/** @param state what `state()` returned last; null for a feed that never ran */
export function createSampler(sampling: Sampling, state: SamplingState | null): Sampler {
  const slots = new Map<string, Slot>(state);
  let bytesHeld = [...slots.values()].reduce((sum, slot) => sum + slot.bytes, 0);
  let undone: [string, Slot | undefined][] = [];

  function set(name: string, slot: Slot | undefined): void {
    const before = slots.get(name);
    undone.push([name, before]);
    bytesHeld += (slot?.bytes ?? 0) - (before?.bytes ?? 0);
    slots.delete(name);
    if (slot) slots.set(name, slot);
  }

  function evict(): Sampled[] {
    const closed: Sampled[] = [];
    for (const [name, slot] of slots) {
      if (slots.size <= MOST_SLOTS && bytesHeld <= MOST_STATE_BYTES) break;
      closed.push(...closedOf(slot));
      set(name, undefined);
    }
    return closed;
  }

  const closedOf = ({ stream, window }: Slot): Sampled[] =>
    window === null ? [] : [{ stream, event: reduced(sampling, window) }];

  return {
    take(stream, event, bytes, now) {
      undone = [];
      const name = `${stream}\u0000${event.key ?? ''}`;
      const slot = slots.get(name);
      const weight = SLOT_BYTES + stream.length + utf8Bytes(JSON.stringify(name));
      if ('every' in sampling) {
        const seen = slot?.seen ?? 0;
        set(name, { stream, seen: (seen + 1) % sampling.every, window: null, bytes: weight });
        return [...evict(), ...(seen === 0 ? [{ stream, event }] : [])];
      }
      const value = valueOf(sampling, event);
      if (value === null) return [{ stream, event }];
      const at = Math.min(event.time, now);
      const from = Math.floor(at / sampling.windowMs) * sampling.windowMs;
      const open = slot?.window ?? null;
      // One that was opened by a clock that was ahead is over: else all would be late for it until its time has come.
      const isOver = open !== null && liesBeyond(open.openedAt, now, 0);
      if (open !== null && !isOver && from < open.from) return [];
      if (open !== null && !isOver && from === open.from) {
        const wins = isBetter(sampling, at, value, open);
        const window = {
          ...open,
          ...(wins ? { event, at } : {}),
          sum: open.sum + value,
          count: open.count + 1,
        };
        set(name, { stream, seen: 0, window, bytes: wins ? weight + bytes : (slot?.bytes ?? 0) });
        return evict();
      }
      const closed = slot ? closedOf(slot) : [];
      const window = { from, openedAt: now, event, at, sum: value, count: 1 };
      set(name, { stream, seen: 0, window, bytes: weight + bytes });
      return [...closed, ...evict()];
    },

    undo() {
      for (const [name, before] of undone.toReversed()) {
        bytesHeld += (before?.bytes ?? 0) - (slots.get(name)?.bytes ?? 0);
        slots.delete(name);
        if (before) slots.set(name, before);
      }
      undone = [];
    },

    close(now) {
      if ('every' in sampling) return [];
      const closed: Sampled[] = [];
      for (const [name, slot] of slots) {
        const { window } = slot;
        if (window === null || isToCome(window.openedAt + sampling.windowMs, now, sampling.windowMs)) continue;
        closed.push(...closedOf(slot));
        set(name, undefined);
      }
      undone = [];
      return closed;
    },

    streams: () => new Set(Array.from(slots.values(), ({ stream }) => stream)),
    state: () => [...slots],
  };
}

type Reduction = Exclude<Sampling, { every: number }>;

function valueOf(sampling: Reduction, event: LoggedEvent): number | null {
  if (!('field' in sampling)) return 0;
  const { data } = event;
  const value = data !== null && typeof data === 'object' && !Array.isArray(data) ? data[sampling.field] : null;
  return typeof value === 'number' ? value : null;
}

function isBetter(sampling: Reduction, at: number, value: number, open: Window): boolean {
  if (sampling.reduce === 'first') return at < open.at;
  if (sampling.reduce === 'min') return value < (valueOf(sampling, open.event) ?? Number.POSITIVE_INFINITY);
  if (sampling.reduce === 'max') return value > (valueOf(sampling, open.event) ?? Number.NEGATIVE_INFINITY);
  return at >= open.at;
}

function reduced(sampling: Sampling, { event, sum, count }: Window): LoggedEvent {
  if ('every' in sampling || sampling.reduce !== 'mean' || count === 1) return event;
  const data: JsonObject = { ...(event.data as JsonObject), [sampling.field]: sum / count };
  return Object.assign({ ...event }, { data });
}
