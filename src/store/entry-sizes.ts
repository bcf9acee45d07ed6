/** About how many bytes the entries of each log have, learned from those that were read. */
import type { Work } from './work.ts';

const MOST_LOGS = 1_000;
/** Of an entry of a log of which nothing was read yet. */
const GUESSED_BYTES = 1_024;

export function createEntrySizes(): Pick<Work, 'entryBytes' | 'took'> {
  const sizes = new Map<string, number>();
  return {
    entryBytes: (log) => sizes.get(log) ?? GUESSED_BYTES,
    took(log, size) {
      const before = sizes.get(log);
      if (before === undefined && sizes.size >= MOST_LOGS) sizes.clear();
      sizes.set(log, before === undefined ? size : Math.ceil((before + size) / 2));
    },
  };
}
