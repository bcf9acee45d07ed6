/**
 * Parses server-sent events from chunks of bytes, each with the id behind it. It knows nothing of connections. An event that
 * is not JSON is handed over with the reason. An event that is too long breaks the connection, because nothing shows where it
 * ends. An id with control characters is ignored, as one with a null is (WHATWG HTML, 9.2.6).
 */
import { createParser } from 'eventsource-parser';
import { TidegateError } from '../../../base/errors.ts';
import { utf8Bytes } from '../../../base/json.ts';
import { readSourceJson } from '../../../base/source-json.ts';
import { withDefaults } from '../../../declare/spec/options.ts';
import type { BodyItem } from '../format.ts';
import { type SseOptions, sseSpec } from './options.ts';

/** UTF-16 units of an event. */
export const MAX_EVENT_LENGTH = 1024 * 1024;
/** Characters of an id. The position of the feed holds it. */
const MAX_ID_LENGTH = 4 * 1024;
/** Characters that a header cannot carry. An id is sent back in a header. */
const UNSENDABLE = /\p{Cc}/u;
const EXCERPT_LENGTH = 500;

/** One event, whether the feed takes it or not. */
export interface SourceEvent {
  /** Null where the feed does not take events of its type. */
  item: BodyItem | null;
  /** The id from which the source goes on behind this event; null where it has no id of its own. */
  id: string | null;
}

export interface EventParser {
  /** @throws TidegateError `too_large` for an event or an id without end. */
  push(chunk: Uint8Array, events: SourceEvent[]): void;
  /** The pause that the source asked for last, ms; null where it asked for none. */
  retryMs(): number | null;
  /** The data that came last, of whatever type; else the first line that is no field. Null where nothing came. */
  said(): string | null;
}

export function createEventParser(options: SseOptions): EventParser {
  const { events: types, data: shape, envelope } = withDefaults(sseSpec, options);
  // The parser itself passes over one byte order mark, and a second one belongs to the first line.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let sink: SourceEvent[] = [];
  let retryMs: number | null = null;
  let tooLong = false;
  let data: string | null = null;
  let strayLine: string | null = null;

  const parser = createParser({
    maxBufferSize: MAX_EVENT_LENGTH,
    onRetry: (ms) => (retryMs = ms),
    onId(id) {
      // The parser reports an id before the event of its block, and also where the block has no event.
      if (id.length > MAX_ID_LENGTH) tooLong = true;
      if (!UNSENDABLE.test(id)) sink.push({ item: null, id });
    },
    onEvent({ id: given = null, event = 'message', data: text }) {
      data = text;
      if (types !== undefined && !types.includes(event)) return;
      const id = given === null || UNSENDABLE.test(given) ? null : given;
      // Sources keep a connection alive with events that hold nothing, and nothing is no JSON.
      const item = shape === 'json' && text.trim() === '' ? null : toItem(id, event, text);
      const last = id === null ? undefined : sink.at(-1);
      if (last) last.item = item;
      else sink.push({ item, id: null });
    },
    onError({ type, line }) {
      if (type === 'unknown-field') strayLine ??= line ?? null;
      tooLong ||= type === 'max-buffer-size-exceeded';
    },
  });

  const toItem = (id: string | null, event: string, text: string): BodyItem => {
    const bytes = utf8Bytes(text) + 1;
    if (shape === 'text') return { data: envelope ? { id, event, data: text } : { value: text }, bytes };
    try {
      const value = readSourceJson(text);
      return { data: envelope ? { id, event, data: value } : value, bytes };
    } catch (error) {
      const reason = `an event of type ${event.slice(0, 100)} is not JSON: ${error instanceof Error ? error.message : String(error)}`;
      const expected = 'data that is JSON; else declare data: text';
      return { data: text.slice(0, EXCERPT_LENGTH).toWellFormed(), bytes, invalid: { reason, expected } };
    }
  };

  return {
    push(chunk, events) {
      sink = events;
      parser.feed(decoder.decode(chunk, { stream: true }));
      if (!tooLong) return;
      throw new TidegateError('too_large', 'an event of the stream is too long', {
        field: 'format',
        expected: `at most ${MAX_EVENT_LENGTH} characters an event, and ${MAX_ID_LENGTH} an id`,
      });
    },
    retryMs: () => retryMs,
    said: () => data ?? strayLine,
  };
}
