/**
 * `streams import`: events from NDJSON, such as an export. A file is gone through before anything is stored, so that a mistake in its last
 * line leaves nothing half done. Each piece of it is stored with a receipt, so the same file again goes on where it was stopped.
 */
import * as z from 'zod';
import { TidegateError } from '../../base/errors.ts';
import { asJsonObject } from '../../base/json.ts';
import { parseTime } from '../../base/time/time-text.ts';
import { createNdjsonParser, type NdjsonItem } from '../../feeds/kit/ndjson.ts';
import type { PushedEvent } from '../../streams/log/publish-many.ts';
import { validateEvent } from '../../streams/log/validate-event.ts';
import { type OperateContext, type OperateFiles, operatorAction } from '../action.ts';
import { createPieceStore, PIECE_EVENTS } from './import-pieces.ts';
import { changeableStream, NameOfStream, type NamedStream } from './named-stream.ts';

/** The share of a commit's bytes that the events of a piece may take as they are written. */
const PIECE_SHARE = 0.4;
/** Wrong lines that are told. */
const MOST_TOLD = 20;

export const streamsImport = operatorAction({
  noun: 'streams',
  verb: 'import',
  description:
    'Appends events of an NDJSON file to a stream: lines as export writes them. Nothing is stored where a line of a file is wrong. For a day the same file adds nothing twice, and one that has grown adds what is new at its end; a file is known by how it begins. Events whose source gives ids are known by them. An export that is read into the stream from which it came adds the others once more.',
  input: z.strictObject({
    stream: NameOfStream,
    file: z.string().min(1).max(4_096).describe('The file; - is standard input, which is stored as it comes'),
    bare: z.boolean().optional().describe('Each line is the data of an event, and not an event with its data'),
    skipInvalid: z.boolean().optional().describe('Leave out lines that are no events of the stream'),
    dryRun: z.boolean().optional().describe('Only look whether all lines are right'),
  }),
  words: ['stream', 'file'],
  only: 'command',
  output: z.object({
    stream: z.string(),
    lines: z.number(),
    appended: z.number(),
    repeats: z.number().describe('Known by their ids, or from an import of the same before'),
    gaps: z.number().describe('Gaps, which are left out'),
    invalid: z.number(),
    wrong: z
      .array(z.object({ line: z.number(), field: z.string(), expected: z.string() }))
      .describe('The first of them'),
    stored: z.boolean().describe('False: nothing was stored'),
    complete: z.boolean().describe('False: a wrong line ended it; what stands behind that line is not stored'),
  }),
  effect: 'changes',
  lesser: ({ dryRun }) => (dryRun === true ? 'reads' : 'changes'),
  failed: ({ complete }) => (complete ? null : 'invalid_input'),
  async run({ stream: name, file, bare = false, skipInvalid = false, dryRun = false }, context) {
    const named = changeableStream(context, name);
    const { files } = context;
    if (files === null) throw new TidegateError('not_supported', 'a tool reaches no files');
    const tally: Tally = {
      stream: name,
      lines: 0,
      appended: 0,
      repeats: 0,
      gaps: 0,
      invalid: 0,
      wrong: [],
      stored: false,
      complete: true,
    };
    const asked = { file, bare, stops: false };
    if (dryRun || (file !== '-' && !skipInvalid)) {
      await goThrough(piecesOf(named, asked, files, tally, context));
      tally.complete = tally.invalid === 0 || skipInvalid;
      if (dryRun || tally.invalid > 0) return tally;
      Object.assign(tally, { lines: 0, gaps: 0 });
    }
    const storePiece = createPieceStore(named, context);
    for await (const piece of piecesOf(named, { ...asked, stops: !skipInvalid }, files, tally, context)) {
      tally.stored = true;
      const { appended, duplicates } = await storePiece(piece);
      tally.appended += appended;
      tally.repeats += duplicates;
    }
    if (context.signal.aborted) {
      throw new TidegateError('cancelled', `stopped after line ${tally.lines}: ${tally.appended} events are appended`, {
        hint: 'the same call again goes on from there',
      });
    }
    tally.complete = tally.invalid === 0 || skipInvalid;
    return tally;
  },
  lines({ stream, lines, appended, repeats, gaps, invalid, wrong, stored, complete }) {
    const told = wrong.map(({ line, field, expected }) => `line ${line}: ${field}: expected ${expected}`);
    const more = invalid > wrong.length ? [`… and ${invalid - wrong.length} wrong lines more`] : [];
    const rest = [
      ...(repeats === 0 ? [] : [`${repeats} were there already`]),
      ...(gaps === 0 ? [] : [`${gaps} gaps left out`]),
      ...(invalid === 0 ? [] : [`${invalid} wrong`]),
    ];
    const done = stored
      ? `${appended} of ${lines} events appended to ${stream}`
      : `${lines} lines for ${stream}: nothing was stored`;
    const ended =
      stored && !complete ? ['What stands behind the wrong line is not stored: mend it, and import that again'] : [];
    return [...told, ...more, [done, ...rest].join(', '), ...ended];
  },
});

/** Reads all of it, and stores nothing. */
async function goThrough(pieces: AsyncGenerator): Promise<void> {
  while ((await pieces.next()).done !== true);
}

interface Tally extends Record<string, unknown> {
  stream: string;
  lines: number;
  appended: number;
  repeats: number;
  gaps: number;
  invalid: number;
  wrong: { line: number; field: string; expected: string }[];
  stored: boolean;
  complete: boolean;
}

/**
 * Valid events in pieces that a commit holds. The pieces of a file are the same each time.
 * @param stops at the first wrong line, with all that is before it
 */
async function* piecesOf(
  { stream, own }: NamedStream,
  { file, bare, stops }: { file: string; bare: boolean; stops: boolean },
  files: OperateFiles,
  tally: Tally,
  { signal, progress }: OperateContext,
): AsyncGenerator<PushedEvent[]> {
  const size = await files.size(file);
  const most = own.store.limits.commitBytes * PIECE_SHARE;
  let piece: PushedEvent[] = [];
  let pieceBytes = 0;
  let read = 0;
  const parser = createNdjsonParser(undefined, true);
  const receivedAt = own.runtime.now();

  const isOver = () => stops && tally.invalid > 0;

  function* take(items: readonly NdjsonItem[]): Generator<PushedEvent[]> {
    for (const item of items) {
      if (isOver()) return;
      tally.lines += 1;
      const { line = tally.lines } = item;
      const event = eventOf(item, bare, tally, receivedAt);
      if (event === null) continue;
      const checked = validateEvent(stream, event, { receivedAt, newId: () => '0', place: 'data' });
      if (!checked.ok) {
        wrong(tally, line, checked.field, checked.expected);
        continue;
      }
      if (piece.length > 0 && (piece.length >= PIECE_EVENTS || pieceBytes + checked.bytes > most)) {
        yield piece;
        [piece, pieceBytes] = [[], 0];
      }
      piece.push(event);
      pieceBytes += checked.bytes;
    }
  }

  for await (const chunk of files.read(file)) {
    if (signal.aborted) return;
    if (isOver()) break;
    read += chunk.length;
    progress(read, size, 'bytes');
    const items: NdjsonItem[] = [];
    parser.push(new Uint8Array(chunk), items);
    yield* take(items);
  }
  const items: NdjsonItem[] = [];
  if (!isOver()) parser.end(items);
  yield* take(items);
  if (piece.length > 0) yield piece;
}

/** Null: it is a gap, or it is wrong. */
function eventOf(item: NdjsonItem, bare: boolean, tally: Tally, now: number): PushedEvent | null {
  const { data: value, invalid, line = tally.lines } = item;
  const place = `line ${line}`;
  if (invalid !== undefined) return wrong(tally, line, 'line', invalid.expected);
  if (bare) return { place, data: value };
  const object = asJsonObject(value);
  if (object === null || !('data' in object)) return wrong(tally, line, 'data', 'an event with its data, or --bare');
  const { data, key, time, meta } = object;
  const context = asJsonObject(meta);
  if (context !== null && 'gap' in context) {
    tally.gaps += 1;
    return null;
  }
  const event: PushedEvent = { place, data };
  if (typeof key === 'string') event.key = key;
  if (context !== null) event.meta = context;
  if (typeof time !== 'number' && typeof time !== 'string') return event;
  try {
    return { ...event, time: parseTime(time, now, 'time') };
  } catch (thrown) {
    return wrong(tally, line, 'time', thrown instanceof TidegateError ? (thrown.expected ?? 'a time') : 'a time');
  }
}

function wrong(tally: Tally, line: number, field: string, expected: string): null {
  tally.invalid += 1;
  if (tally.wrong.length < MOST_TOLD) tally.wrong.push({ line, field, expected });
  return null;
}
