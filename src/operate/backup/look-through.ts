/**
 * Reads the whole of a backup before anything of it is written, so that one which was cut or is of a newer release changes
 * nothing.
 */
import { type BackupCounts, type BackupHead, type BackupPart, damaged, readBlocks } from './format.ts';

/** What the reading finds out. */
export interface Looked {
  head: BackupHead;
  counts: BackupCounts;
  sum: string;
  /** The former epoch of each log. */
  epochs: Map<string, string>;
}

interface Reading {
  open: () => AsyncIterable<string>;
  progress: (done: number, total: number | null, unit: string) => void;
}

/** @throws TidegateError `invalid_input` for one that is damaged, `newer_version` */
export async function lookThrough({ open, progress }: Reading): Promise<Looked> {
  let head: BackupHead | null = null;
  let end: Extract<BackupPart, { kind: 'end' }> | null = null;
  const epochs = new Map<string, string>();
  const found: BackupCounts = { records: 0, logs: 0, entries: 0 };
  for await (const part of readBlocks(open())) {
    if (part.kind === 'head') ({ head } = part);
    else if (part.kind === 'end') end = part;
    else if (part.kind === 'record') found.records += 1;
    else if (part.kind === 'entries') found.entries += part.entries.length;
    else {
      found.logs += 1;
      epochs.set(part.log, part.epoch);
    }
    if (part.kind !== 'head') progress(found.records + found.entries, null, 'checked');
  }
  if (head === null || end === null) throw damaged('its end is missing');
  const { counts, sum } = end;
  if (JSON.stringify(found) !== JSON.stringify(counts)) throw damaged('it does not hold as much as it says');
  return { head, counts, sum, epochs };
}
