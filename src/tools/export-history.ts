/**
 * `export_history`: writes a large range of a stream as CSV or NDJSON into pages of the task's result. Each page is
 * stored together with the cursor behind it, so that a crash neither leaves an event out nor writes one twice.
 */
import * as z from 'zod';
import type { DeclaredStream } from '../declare/stream.ts';
import { TidegateError } from '../base/errors.ts';
import { type Task, task } from '../declare/task.ts';
import { paceOf } from '../base/pace.ts';
import { jsonBytes, utf8Bytes } from '../base/json.ts';
import type { Deps } from '../streams/deps.ts';
import { findStream } from '../streams/find-stream.ts';
import { type HistoryQuery, MOST_EVENTS, readHistory } from '../streams/history/events.ts';
import { MOST_KEYS, resolveRange } from '../streams/ranges/range.ts';
import { meantWhere } from '../streams/ranges/where.ts';
import { ZONE_CHARACTERS, zoneOf } from '../base/time/zone.ts';
import { inPieces } from '../base/text.ts';
import { PAGE_BYTES } from '../tasks/turn/pages.ts';
import { csvText, type ExportFormat, ndjsonText } from '../streams/export-text.ts';
import { Key, Notes, READ_ONLY, StreamName, timeArgument } from '../calls/schemas.ts';
import { type Scope, scopeOf } from '../streams/scope.ts';
import { whereAsText } from './condition-input.ts';
import { unknownKeyNotes } from './unknown-keys.ts';
import { timeText } from './windows-text.ts';
import { inLines } from '../base/plain.ts';

const Input = z.strictObject({
  stream: StreamName,
  from: timeArgument('As for a history. Default: the oldest'),
  to: timeArgument('Exclusive. Default: now'),
  keys: z.array(Key).min(1).max(MOST_KEYS).optional().describe('Only events of these keys'),
  where: whereAsText(),
  zone: z.string().max(ZONE_CHARACTERS).optional().describe('IANA zone, of the CSV too'),
  format: z.enum(['csv', 'ndjson']).default('csv'),
});
type Input = z.output<typeof Input>;

const Output = z.object({
  stream: z.string(),
  format: z.enum(['csv', 'ndjson']),
  events: z.number(),
  pages: z
    .number()
    .describe('Read them in order, by the calls that answers print, or as resources: together they are the file'),
  bytes: z.number().describe('Of all pages'),
  truncated: z.boolean().describe('True: retention took events of the range before they could be read'),
  notes: Notes,
});

/** Size of a page, as its JSON text, from which on no further read is added to it. */
const ENOUGH_BYTES = 150_000;
const FEWEST_EVENTS = 10;

interface Part {
  /** Cursor behind the last event of the page. Null: the range has ended. */
  cursor: string | null;
  /** Pieces of the next event that are written already, where one event fills more than a page. */
  pieces: number;
  events: number;
  bytes: number;
  truncated: boolean;
}

export function exportHistoryTask(deps: Deps): Task {
  const { read_history: history } = deps.app.toolNames;
  return task({
    title: 'Export history',
    description: `Writes a range of events in order of arrival to a file in pages, CSV or NDJSON${history === null ? '' : `: for what is too much for ${history}`}.`,
    version: '1',
    input: Input,
    output: Output,
    annotations: READ_ONLY,
    prepare: async (input, { principal, now }) => {
      // An unknown stream and an impossible range are refused before anything is stored.
      const stream = findStream(deps.app, input.stream);
      await readHistory(scopeOf(deps, principal), stream, {
        ...queryOf(stream, input, now()),
        by: 'arrival',
        limit: 1,
      });
      return input;
    },
    async run(input, { principal, step, now, progress }) {
      const scope = scopeOf(deps, principal);
      const stream = findStream(deps.app, input.stream);
      const query = queryOf(stream, input, now());
      const zone = input.zone === undefined ? null : zoneOf(input.zone);
      const format = input.format === 'csv' ? csvText(stream, zone) : ndjsonText();
      const total = { events: 0, pages: 0, bytes: 0, truncated: false };
      for (let from: Pick<Part, 'cursor' | 'pieces'> | null = { cursor: null, pieces: 0 }; from !== null;) {
        const begin: Pick<Part, 'cursor' | 'pieces'> = from;
        const part: Part = await step('page', async ({ page }) => {
          const { text, ...rest } = await readPart(scope, stream, query, format, begin);
          if (text !== '') page(text, format.mimeType);
          return { ...rest };
        });
        total.events += part.events;
        total.bytes += part.bytes;
        total.pages += part.bytes > 0 ? 1 : 0;
        total.truncated ||= part.truncated;
        progress(`${total.events} events in ${total.pages} pages`);
        from = part.cursor === null ? null : part;
      }
      // As texts they were resolved and checked before the task was stored.
      const { from: begin, to: end } = resolveRange(stream, query, now());
      const textOf = (time: number) => timeText(time, { zone });
      const range = `${begin === null ? '' : `from ${textOf(begin)} `}to ${end === null ? 'now' : textOf(end)}`;
      const notes = await unknownKeyNotes(scope, [stream], input.keys && { oneOf: input.keys });
      const text = `${total.events} events${input.where ? ' that pass where' : ''} of ${stream.name} ${range}, in order of arrival: ${total.pages} pages of ${input.format}, ${total.bytes} bytes.`;
      const told = notes.length === 0 ? {} : { notes };
      return {
        text: inLines([text, ...notes]),
        structured: { stream: stream.name, format: input.format, ...total, ...told },
      };
    },
  });
}

/** The pages that are written hold what the stream no longer has. */
function wentBack({ name }: DeclaredStream): TidegateError {
  return new TidegateError(
    'cancelled',
    `${name} went back to an earlier state, such as by a restore, while it was written`,
    {
      hint: 'export it again',
    },
  );
}

/** Times relative to now are resolved once. */
function queryOf(stream: DeclaredStream, { from, to, keys, where, zone }: Input, now: number): HistoryQuery {
  return {
    order: 'oldest',
    ...(from === undefined ? {} : { from }),
    to: to ?? now,
    ...(zone === undefined ? {} : { zone }),
    ...(keys ? { keys } : {}),
    ...(where ? { where: meantWhere(stream, where) } : {}),
  };
}

/** Reads until a page is full. */
async function readPart(
  scope: Scope,
  stream: DeclaredStream,
  query: HistoryQuery,
  format: ExportFormat,
  begin: Pick<Part, 'cursor' | 'pieces'>,
): Promise<Part & { text: string }> {
  let text = begin.cursor === null && begin.pieces === 0 ? format.head : '';
  let { cursor } = begin;
  let events = 0;
  let truncated = false;
  const pace = paceOf(scope.runtime);
  for (let limit = MOST_EVENTS / 2; ;) {
    const rest = pace();
    if (rest !== null) await rest;
    const page = await readHistory(scope, stream, {
      ...query,
      by: 'arrival',
      limit,
      ...(cursor === null ? {} : { cursor }),
    });
    if (page.anew) throw wentBack(stream);
    const added = page.events.map((event) => format.line(event)).join('');
    const bytes = jsonBytes(text + added);
    if (bytes > PAGE_BYTES) {
      if (events > 0) return { text, cursor, pieces: 0, events, bytes: utf8Bytes(text), truncated };
      if (limit > 1) {
        limit = limit > FEWEST_EVENTS ? Math.ceil(limit / 4) : 1;
        continue;
      }
      // One event that fills more than a page is written in pieces.
      const pieces = inPieces(text + added, PAGE_BYTES / 2);
      const piece = pieces[begin.pieces] ?? '';
      const isLast = begin.pieces >= pieces.length - 1;
      const next = isLast ? { cursor: page.cursor, pieces: 0 } : { cursor, pieces: begin.pieces + 1 };
      return { text: piece, ...next, events: isLast ? 1 : 0, bytes: utf8Bytes(piece), truncated: page.truncated };
    }
    text += added;
    events += page.events.length;
    truncated ||= page.truncated;
    ({ cursor } = page);
    if (cursor === null || bytes > ENOUGH_BYTES) {
      return { text, cursor, pieces: 0, events, bytes: utf8Bytes(text), truncated };
    }
  }
}
