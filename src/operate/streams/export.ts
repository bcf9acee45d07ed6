/**
 * `streams export`: the events of a range as NDJSON or CSV. The command writes all of them to a file, piece by piece; the tool answers a
 * page, and the cursor of the next.
 */
import * as z from 'zod';
import { TidegateError } from '../../base/errors.ts';
import type { StreamEvent } from '../../base/event.ts';
import { isGap } from '../../base/event.ts';
import { utf8Bytes } from '../../base/json.ts';
import { type HistoryQuery, MOST_EVENTS, readHistory } from '../../streams/history/events.ts';
import { csvText, type ExportFormat, ndjsonText } from '../../streams/export-text.ts';
import { type OperateContext, operatorAction } from '../action.ts';
import { timeInput } from '../shared.ts';
import { NameOfStream, type NamedStream, streamNamed } from './named-stream.ts';

/** Of the text of a tool's page. */
const PAGE_BYTES = 100_000;

export const streamsExport = operatorAction({
  noun: 'streams',
  verb: 'export',
  description:
    'Writes the events of a stream, oldest first, as NDJSON or CSV: to a file or standard output by the command, in pages by the tool. Gaps are left out.',
  input: z.strictObject({
    stream: NameOfStream,
    file: z.string().min(1).max(4_096).optional().describe('Where the command writes it. Default: standard output'),
    from: timeInput('Inclusive, by the time of events: -7d, or ISO 8601 with its zone. Default: the oldest'),
    to: timeInput('Exclusive. Default: the newest'),
    key: z.array(z.string().min(1).max(256)).max(20).optional().describe('Only events of these keys'),
    format: z.enum(['ndjson', 'csv']).default('ndjson').describe('NDJSON can be imported again'),
    cursor: z.string().max(2_000).optional().describe('Of the page before'),
  }),
  words: ['stream', 'file'],
  output: z.object({
    stream: z.string(),
    events: z.number(),
    bytes: z.number(),
    file: z.string().nullable(),
    text: z.string().nullable().describe('The page; null: it is in the file'),
    cursor: z.string().nullable().describe('Give it for the next page; null: this is the last one'),
    truncated: z.boolean().describe('True: retention took events of the range before they could be read'),
  }),
  effect: 'reads',
  async run({ stream: name, file = '-', from, to, key, format: asked, cursor = null }, context) {
    const named = streamNamed(context, name);
    const format = asked === 'csv' ? csvText(named.stream) : ndjsonText();
    const query: HistoryQuery = {
      order: 'oldest',
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(key === undefined ? {} : { keys: key }),
    };
    const told = { events: 0, truncated: false, cursor };
    const { files } = context;
    if (files !== null) {
      const { bytes } = await files.write(file, textOf(named, query, format, told, context));
      return { stream: name, ...told, bytes, file, text: null };
    }
    let text = '';
    for await (const piece of textOf(named, query, format, told, context)) {
      text += piece;
      if (utf8Bytes(text) > PAGE_BYTES) break;
    }
    return { stream: name, ...told, bytes: utf8Bytes(text), file: null, text };
  },
  lines: ({ stream, events, bytes, file, text, cursor, truncated }) => [
    ...(text === null ? [] : text.split(/\r?\n/).filter((line) => line !== '')),
    `${events} events of ${stream}, ${bytes} bytes${file === null || file === '-' ? '' : `, in ${file}`}`,
    ...(cursor === null ? [] : [`There are more: cursor ${cursor}`]),
    ...(truncated ? ['Retention took events of the range before they could be read'] : []),
  ],
});

interface Told {
  events: number;
  truncated: boolean;
  /** Behind what was written last. */
  cursor: string | null;
}

async function* textOf(
  { stream, scope, own }: NamedStream,
  query: HistoryQuery,
  format: ExportFormat,
  told: Told,
  { signal, deadline, progress, files }: OperateContext,
): AsyncGenerator<string> {
  const total = files === null ? null : (await own.store.extent(`${own.tenant}/stream/${stream.name}`)).count;
  if (told.cursor === null) yield format.head;
  // A page of a tool ends with a read, so reads of a tool are small.
  const limit = files === null ? 100 : MOST_EVENTS;
  for (;;) {
    if (signal.aborted) throw new TidegateError('cancelled', 'the export was stopped, and no file was written');
    const from = told.cursor === null ? {} : { cursor: told.cursor };
    const page = await readHistory(scope, stream, { ...query, by: 'arrival', limit, ...from });
    if (page.anew) {
      throw new TidegateError('cancelled', `${stream.name} went back to an earlier state while it was written`, {
        hint: 'export it again',
      });
    }
    const events = page.events.filter((event: StreamEvent) => !isGap(event));
    told.events += events.length;
    told.truncated ||= page.truncated;
    told.cursor = page.cursor;
    progress(
      told.events,
      query.from === undefined && query.to === undefined && query.keys === undefined ? total : null,
      'events',
    );
    yield events.map((event) => format.line(event)).join('');
    if (page.cursor === null || (files === null && scope.runtime.now() >= deadline)) return;
  }
}
