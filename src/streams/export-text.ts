/** Writes events as CSV (RFC 4180) or as NDJSON, a line for each. Pure. */
import type { DeclaredStream } from '../declare/stream.ts';
import type { StreamEvent } from '../base/event.ts';
import { pathOf, valueAt } from '../base/field-path.ts';
import { type Json, sentJson } from '../base/json.ts';
import { isoTime, zonedTime } from '../base/time/time-text.ts';
import type { Zone } from '../base/time/zone.ts';
import { fieldsOf } from './fields.ts';

export interface ExportFormat {
  mimeType: string;
  /** The first line. Empty: the format has none. */
  head: string;
  /** One line, with its line break. */
  line(event: StreamEvent): string;
}

/** The stream is left out, because all events are of one. Times are epoch ms. */
export function ndjsonText(): ExportFormat {
  return {
    mimeType: 'application/x-ndjson',
    head: '',
    line: ({ stream: _stream, ...event }) => `${sentJson(event)}\n`,
  };
}

const OF_EVENT = ['time', 'key', 'id'];

/**
 * The columns are `time` (ISO 8601, with the offset of the zone), `key`, `id`, then the fields of the stream by their path; `data.id` where a field has the
 * name of a column before it. A gap leaves the fields empty.
 */
export function csvText(stream: DeclaredStream, zone: Zone | null = null): ExportFormat {
  const fields = fieldsOf(stream).map(({ name }) => name);
  const taken = new Set<string>(OF_EVENT);
  const named = (fields.length > 0 ? fields : ['data']).map((field) => {
    let name = field;
    while (taken.has(name)) name = `data.${name}`;
    taken.add(name);
    return name;
  });
  const columns = [...OF_EVENT, ...named];
  return {
    mimeType: 'text/csv',
    head: `${columns.map(cell).join(',')}\r\n`,
    line({ time, key = '', id, data }) {
      const values = fields.length > 0 ? fields.map((path) => valueAt(data, pathOf(path))) : [data];
      return `${[zone === null ? isoTime(time) : zonedTime(time, zone), key, id, ...values].map(cell).join(',')}\r\n`;
    },
  };
}

function cell(value: Json): string {
  if (value === null) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
