/** The event: what streams are made of. */
import type { Json, JsonObject } from './json.ts';

/** Bounded context that travels with an event; 2 KiB of JSON at most. */
export interface EventMeta {
  source?: string;
  device?: string;
  conversation?: string;
  priority?: string;
  traceparent?: string;
  /** Present on a gap event only: events are known to be missing before this one. `data` is null then. */
  gap?: { reason: string; detail?: string };
  [key: string]: Json | undefined;
}

export interface StreamEvent<Data = Json> {
  /** The source's own id where it has one; else one made at append. */
  id: string;
  /** The source's revision of that id, where it revises (a re-located earthquake). */
  revision?: string;
  stream: string;
  /** What the event is about: a sensor, a symbol. Order is promised per key. */
  key?: string;
  /** When it happened, epoch milliseconds. */
  time: number;
  data: Data;
  meta?: EventMeta;
}

/** An event as a log entry holds it: the stream is the log's own name. */
export type LoggedEvent = Omit<StreamEvent, 'stream'> & JsonObject;

export function isGap(event: { meta?: EventMeta }): boolean {
  return event.meta?.gap !== undefined;
}
