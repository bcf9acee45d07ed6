/** The type of events, which are the entries of a stream's log. */
import type { Json, JsonObject } from './json.ts';

/** Bounded context that travels with an event; 2 KiB of JSON at most. */
export interface EventMeta {
  source?: string;
  device?: string;
  conversation?: string;
  priority?: string;
  traceparent?: string;
  /** Present on a gap event only. Events are known to be missing before it, and its `data` is null. */
  gap?: { reason: string; detail?: string };
  [key: string]: Json | undefined;
}

export interface StreamEvent<Data = Json> {
  /** The source's own id where it has one; else an id that is made at the append. */
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

/** An event as a log entry holds it. It has no `stream`, because the log's name says which it is. */
export type LoggedEvent = Omit<StreamEvent, 'stream'> & JsonObject;

export function isGap(event: { meta?: EventMeta }): boolean {
  return event.meta?.gap !== undefined;
}
