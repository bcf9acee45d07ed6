/** The log of a stream's events: its name and the form of its entries. */
import * as z from 'zod';
import type { EventMeta, LoggedEvent, StreamEvent } from '../../base/event.ts';
import { type Json, type JsonObject, isJsonObject } from '../../base/json.ts';
import { logEntry } from '../../store/record.ts';

export function streamLog(tenant: string, stream: string): string {
  return `${tenant}/stream/${stream}`;
}

/** The form of a stored event, both in its stream's log and as the latest event of its key. */
export function loggedEventSchema(): z.ZodType<LoggedEvent> {
  return z.strictObject({
    id: z.string(),
    revision: z.exactOptional(z.string()),
    key: z.exactOptional(z.string()),
    time: z.number(),
    data: z.custom<Json>(),
    meta: z.exactOptional(z.custom<EventMeta & JsonObject>(isJsonObject)),
  });
}

export const loggedEvent = logEntry('event', loggedEventSchema);

/** Turns an event of a log into the form that readers get, with the name of its stream. */
export function toStreamEvent(stream: string, logged: LoggedEvent): StreamEvent {
  const { id, revision, key, time, data, meta } = logged;
  return {
    id,
    ...(revision === undefined ? {} : { revision }),
    stream,
    ...(key === undefined ? {} : { key }),
    time,
    data,
    ...(meta === undefined ? {} : { meta }),
  };
}
