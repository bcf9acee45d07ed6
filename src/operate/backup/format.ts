/**
 * The form of a backup: lines of JSON, the same for every driver. Pure but for hashing.
 *
 *   {"tidegate":"backup",…}                            the head
 *   ["r",partition,id,value,expiresAt,queue,dueAt]     a record; expiry, queue and due time may be null
 *   ["l",log,epoch,place]                              a log, and the place of its oldest entry
 *   ["e",[appendedAt,value],…]                         entries of it, in order
 *   ["end",records,logs,entries]                       how many there were
 *   ["s",sum]                                          after each half of a megabyte or so, and at the end
 *
 * A sum is the SHA-256 of the sum before it and all lines since, as hexadecimal digits: what was cut or changed anywhere is found.
 */
import * as z from 'zod';
import { hexOf, sha256 } from '../../base/digest.ts';
import { TidegateError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import type { FilledEntry, StoredRecord } from '../../store/store.ts';

/** What this release writes, and the newest that it reads. */
export const FORMAT = 1;
/** A sum follows once this many characters were written. */
const SUMMED_CHARACTERS = 512 * 1024;
/** No line that is written is as long: a record or an entry has a third of it at most. */
const LINE_CHARACTERS = 1_048_576;
/** Most that stands in front of a sum. */
const BLOCK_CHARACTERS = SUMMED_CHARACTERS + LINE_CHARACTERS;

const Head = z.object({
  tidegate: z.literal('backup'),
  format: z.number(),
  /** Whose data it is. */
  app: z.string(),
  /** Whose data alone; null: of all. */
  tenant: z.string().nullable(),
  /** Version of the app, and the engine that it came from. */
  version: z.string(),
  driver: z.string(),
  /** When it was begun, epoch ms. */
  at: z.number(),
  /** The release of Tidegate that wrote it, where that is known. */
  release: z.string().nullish(),
});
export type BackupHead = z.output<typeof Head>;

export type BackedUp = Pick<StoredRecord, 'partition' | 'id' | 'value' | 'expiresAt' | 'due'>;

export interface BackupCounts {
  records: number;
  logs: number;
  entries: number;
}

export type BackupPart =
  | { kind: 'head'; head: BackupHead }
  | { kind: 'record'; record: BackedUp }
  | { kind: 'log'; log: string; epoch: string; place: number }
  | { kind: 'entries'; entries: FilledEntry[] }
  | { kind: 'end'; counts: BackupCounts; sum: string };

/** The lines of parts, in blocks that each end with a sum. */
export async function* writeBlocks(
  parts: AsyncIterable<Exclude<BackupPart, { kind: 'end' }>>,
): AsyncGenerator<string, BackupCounts> {
  const counts: BackupCounts = { records: 0, logs: 0, entries: 0 };
  let sum = '';
  let block = '';
  for await (const part of parts) {
    if (part.kind === 'record') counts.records += 1;
    if (part.kind === 'log') counts.logs += 1;
    if (part.kind === 'entries') counts.entries += part.entries.length;
    block += `${lineOf(part)}\n`;
    if (block.length < SUMMED_CHARACTERS) continue;
    sum = await sumOf(sum, block);
    yield `${block}["s","${sum}"]\n`;
    block = '';
  }
  block += `${JSON.stringify(['end', counts.records, counts.logs, counts.entries])}\n`;
  yield `${block}["s","${await sumOf(sum, block)}"]\n`;
  return counts;
}

function lineOf(part: Exclude<BackupPart, { kind: 'end' }>): string {
  if (part.kind === 'head') return JSON.stringify(part.head);
  if (part.kind === 'log') return JSON.stringify(['l', part.log, part.epoch, part.place]);
  if (part.kind === 'entries') {
    return JSON.stringify(['e', ...part.entries.map(({ appendedAt, value }) => [appendedAt, value])]);
  }
  const { partition, id, value, expiresAt, due } = part.record;
  return JSON.stringify(['r', partition, id, value, expiresAt, due?.queue ?? null, due?.at ?? null]);
}

function sumOf(before: string, block: string): Promise<string> {
  return sha256(before + block).then(hexOf);
}

/**
 * The parts of a backup, as they are read. What stands in a block is yielded once its sum was checked; `end` comes last, and only where
 * the backup is whole.
 * @param chunks of text, cut anywhere
 * @throws TidegateError `invalid_input` for what is no backup, was cut or was changed; `newer_version`
 */
export async function* readBlocks(chunks: AsyncIterable<string>): AsyncGenerator<BackupPart, void> {
  let sum = '';
  let block: string[] = [];
  let characters = 0;
  let counts: BackupCounts | null = null;
  let ended = false;
  let begun = false;
  for await (const line of linesOf(chunks)) {
    if (ended) throw damaged('something stands behind its end');
    if (!begun) {
      yield { kind: 'head', head: headOf(line) };
      begun = true;
    }
    if (!line.startsWith('["s",')) {
      characters += line.length;
      if (characters > BLOCK_CHARACTERS) throw damaged('a sum is missing');
      block.push(line);
      continue;
    }
    characters = 0;
    sum = await sumOf(sum, block.map((each) => `${each}\n`).join(''));
    if (line !== `["s","${sum}"]`) throw damaged('what it holds is not what was written');
    for (const each of block) {
      const part = partOf(each);
      if (part?.kind === 'end') ({ counts } = part);
      else if (part !== null) yield part;
    }
    block = [];
    ended = counts !== null;
  }
  if (!begun) throw damaged('it is empty');
  if (counts === null || block.length > 0) throw damaged('its end is missing');
  yield { kind: 'end', counts, sum };
}

/** Null for the head, which was read before. */
function partOf(line: string): BackupPart | null {
  if (line.startsWith('{')) return null;
  const [kind, ...rest] = JSON.parse(line) as [string, ...Json[]];
  if (kind === 'r') {
    const [partition, id, value, expiresAt, queue, at] = rest as [string, string, never, number | null, string, number];
    return { kind: 'record', record: { partition, id, value, expiresAt, due: queue === null ? null : { queue, at } } };
  }
  if (kind === 'l') {
    const [log, epoch, place] = rest as [string, string, number];
    return { kind: 'log', log, epoch, place };
  }
  if (kind === 'e') {
    return {
      kind: 'entries',
      entries: (rest as [number, Json][]).map(([appendedAt, value]) => ({ appendedAt, value })),
    };
  }
  if (kind !== 'end') throw damaged(`it has lines of a kind ${JSON.stringify(kind)}`);
  const [records, logs, entries] = rest as [number, number, number];
  return { kind: 'end', counts: { records, logs, entries }, sum: '' };
}

function headOf(line: string): BackupHead {
  let found: unknown = null;
  try {
    found = JSON.parse(line);
  } catch {
    // It is no line of ours.
  }
  const format = (found as { tidegate?: unknown; format?: unknown } | null) ?? {};
  if (format.tidegate === 'backup' && typeof format.format === 'number' && format.format > FORMAT) {
    throw new TidegateError(
      'newer_version',
      `the backup has format ${format.format}; this release reads up to ${FORMAT}`,
      {
        field: 'FILE',
        expected: 'a release at least as new as the one that wrote it',
      },
    );
  }
  const head = Head.safeParse(found);
  if (head.success) return head.data;
  throw new TidegateError('invalid_input', 'this is no backup of Tidegate', {
    field: 'FILE',
    expected: 'a file that tidegate backup or tidegate tenants export wrote',
  });
}

/** @throws TidegateError `invalid_input` for lines, or lines without a sum behind them, that no backup has: they are not kept */
async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest: string[] = [];
  let characters = 0;
  for await (const chunk of chunks) {
    const [first = '', ...others] = chunk.split('\n');
    rest.push(first);
    characters += first.length;
    for (const line of others) {
      yield rest.join('');
      rest = [line];
      characters = line.length;
    }
    if (characters > LINE_CHARACTERS) throw damaged('a line is longer than any that is written');
  }
  const last = rest.join('');
  if (last !== '') yield last;
}

export function damaged(why: string): TidegateError {
  return new TidegateError('invalid_input', `the backup is damaged or was cut: ${why}`, {
    field: 'FILE',
    expected: 'the whole file, as it was written',
    hint: 'nothing was changed; copy it anew, or take another backup',
  });
}
