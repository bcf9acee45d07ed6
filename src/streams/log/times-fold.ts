/**
 * Builds the index of times (times.ts) from entries in the order of a log. Pure: it reads and commits nothing. A fold takes
 * entries; `grown` puts the blocks that the fold filled into a root. Blocks that a root has already stay as they are, so
 * that a fold which is made again after a crash does no harm.
 */
import { decodeCursor } from '../../store/cursor.ts';
import type { LogEntry } from '../../store/store.ts';
import { joined, type Times, timesOf, timesUpTo } from './time-spans.ts';
import {
  BLOCK,
  goneBefore,
  latestBefore,
  LEAF,
  MOST_LEAVES,
  type OpenTimes,
  packHoles,
  packTimes,
  type TimesLeaf,
  timesOfOpen,
  type TimesRoot,
  unpackTimes,
} from './times.ts';

/** Where a fold begins: behind what is folded already. */
export interface FoldStart {
  epoch: string;
  /** The place of the next entry. */
  place: number;
  open: OpenTimes;
}

/** What a fold made of the entries that it took. */
export interface Folded {
  epoch: string;
  /** The place where the first of the full blocks begins. */
  from: number;
  /** Times of each block that is full. */
  full: Times[];
  open: OpenTimes;
  /** Entries before `from` are gone, or the log began anew: an index of them is of no use. */
  anew: boolean;
  /** Append time of the entry at `from`, epoch ms, where what lay before it was not folded; else null. */
  oldest: number | null;
}

export interface Fold {
  /**
   * Takes entries, the next of the log.
   * @param timeOf event time of an entry; null for one that is no event
   */
  take(entries: readonly LogEntry[], timeOf: (entry: LogEntry) => number | null): void;
  /** Null where it began with nothing and took nothing. */
  result(): Folded | null;
}

/** @param start null: with the first entry that it takes, which is the oldest of its log */
export function createFold(start: FoldStart | null): Fold {
  let epoch = start?.epoch ?? null;
  let next = start?.place ?? 0;
  let from = start?.open.from ?? 0;
  let begun = from;
  /** Of what stood in the block, and of each event that came: together they tell its widest holes. */
  let times: Times[] = start === null ? [] : [timesOfOpen(start.open)];
  let full: Times[] = [];
  let anew = false;
  let oldest: number | null = null;

  function restart(newEpoch: string, place: number, appendedAt: number): void {
    anew ||= epoch !== null;
    oldest = appendedAt;
    epoch = newEpoch;
    next = from = begun = place;
    times = [];
    full = [];
  }

  return {
    take(entries, timeOf) {
      const [first] = entries;
      if (first === undefined) return;
      const behind = decodeCursor(first.cursor);
      if (behind.epoch !== epoch || behind.place - 1 !== next)
        restart(behind.epoch, behind.place - 1, first.appendedAt);
      for (const entry of entries) {
        const time = timeOf(entry);
        if (time !== null) times.push(timesOf(time));
        next += 1;
        if (next % BLOCK !== 0) continue;
        full.push(joined(times));
        times = [];
        begun = next;
      }
    },
    result() {
      if (epoch === null) return null;
      return { epoch, from, full, open: openOf(begun, joined(times)), anew, oldest };
    },
  };
}

/** A root with the full blocks of a fold, and the leaves that became full with them. */
interface Grown {
  root: TimesRoot;
  leaves: { leaf: number; value: TimesLeaf }[];
  /** Numbers of leaves that the root no longer tells of. */
  dropped: number[];
}

/** Whether the root changes with what was folded. */
export function changesRoot({ from, full, anew, oldest }: Folded): boolean {
  // What was trimmed before the first that is folded is remembered at once: later rounds do not know when that arrived.
  return full.length > 0 || anew || (oldest !== null && from > 0);
}

/** Whether `grown` can take it: no place between the root and what was folded is missing. */
export function joinsOn(root: TimesRoot | null, { epoch, from, anew }: Folded): boolean {
  return root === null || anew || root.epoch !== epoch || root.end >= from;
}

/** Numbers of the leaves that may become full with what was folded. */
export function leavesFilled({ from, open }: Folded): number[] {
  const [first, end] = [numberOf(from, LEAF), numberOf(open.from, LEAF)];
  return Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index);
}

/**
 * @param root null: there is none. What was folded joins on to it.
 * @param floor the place of the log's oldest entry
 * @param aheadMs how far an event may lie ahead of the clock
 */
export function grown(root: TimesRoot | null, folded: Folded, floor: number, aheadMs: number): Grown {
  const { epoch, from } = folded;
  const base = folded.anew || root?.epoch !== epoch ? null : root;
  let { first, end } = base ?? { first: from, end: from };
  let leaves = unpackTimes(base?.leaves ?? [], base?.leafHoles);
  let blocks = unpackTimes(base?.blocks ?? [], base?.holes);
  const filled: Grown['leaves'] = [];
  const known = numberOf(end, BLOCK) - numberOf(from, BLOCK);
  for (const times of folded.full.slice(Math.max(0, known))) {
    blocks.push(times);
    end = (numberOf(end, BLOCK) + 1) * BLOCK;
    if (end % LEAF !== 0) continue;
    const leaf = end / LEAF - 1;
    const value = { epoch, first: Math.max(first, leaf * LEAF), blocks: packTimes(blocks), ...holesOf(blocks) };
    filled.push({ leaf, value });
    leaves.push(joined(blocks));
    blocks = [];
  }
  let { forgot } = base ?? {};
  let gone = base === null ? joined([lostWith(root, epoch), missed(folded, aheadMs)]) : goneBefore(base);
  const oldest = numberOf(first, LEAF);
  const trimmed = Math.max(0, Math.min(leaves.length, numberOf(floor, LEAF) - oldest));
  const surplus = Math.max(0, leaves.length - trimmed - MOST_LEAVES);
  // What is forgotten counts as trimmed: nobody will know its times when it is.
  gone = joined([gone, ...leaves.slice(0, trimmed + surplus)]);
  leaves = leaves.slice(trimmed + surplus);
  if (trimmed + surplus > 0) first = (oldest + trimmed + surplus) * LEAF;
  if (surplus > 0) forgot ??= (oldest + trimmed) * LEAF;
  if (forgot !== undefined && forgot < floor) forgot = floor < first ? floor : undefined;
  const leafHoles = packHoles(leaves);
  // Of a root that begins anew no leaf counts, since its places are gone or are of another log.
  const before = base === null ? leavesOf(root).filter((leaf) => filled.every((one) => one.leaf !== leaf)) : [];
  return {
    root: {
      epoch,
      first,
      end,
      leaves: packTimes(leaves),
      ...(leafHoles.length === 0 ? {} : { leafHoles }),
      blocks: packTimes(blocks),
      ...holesOf(blocks),
      ...(first === 0 ? {} : { gone: packTimes([gone]) }),
      ...(forgot === undefined ? {} : { forgot }),
    },
    leaves: filled.filter(({ leaf }) => leaf >= numberOf(first, LEAF)),
    dropped: [...before, ...Array.from({ length: trimmed + surplus }, (_, index) => oldest + index)],
  };
}

/** The number of the block or leaf in which a place lies. */
export function numberOf(at: number, size: number): number {
  return Math.floor(at / size);
}

/** The times of all events that a root tells of, where the log lost them to a trim. */
function lostWith(root: TimesRoot | null, epoch: string): Times {
  if (root?.epoch !== epoch) return null;
  return joined([goneBefore(root), ...unpackTimes(root.leaves), ...unpackTimes(root.blocks)]);
}

/** What the times of the events can be that lay before what was folded, and were trimmed. */
function missed({ from, oldest }: Folded, aheadMs: number): Times {
  return from === 0 ? null : timesUpTo(latestBefore(oldest ?? Infinity, aheadMs));
}

function openOf(from: number, times: Times): OpenTimes {
  return { from, times: times === null ? [] : packTimes([times]), ...holesOf([times]) };
}

function holesOf(list: readonly Times[]): { holes?: number[] } {
  const holes = packHoles(list);
  return holes.length === 0 ? {} : { holes };
}

function leavesOf(root: TimesRoot | null): number[] {
  if (root === null) return [];
  const oldest = numberOf(root.first, LEAF);
  return Array.from({ length: root.leaves.length / 2 }, (_, index) => oldest + index);
}
