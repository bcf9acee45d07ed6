/**
 * Builds both halves of an answer, its text and its structured content, from the same rows: some clients give a model the
 * one, some the other. A row stands whole in both, so a page ends where either half is full. Pure.
 */
import { jsonBytes, mostJsonBytes, utf8Bytes } from '../base/json.ts';
import { callLine, type NextCall } from './next-call.ts';
import { inLines } from '../base/plain.ts';

/** Most bytes of each half of a page whose size nobody asked for. */
export const HALF_BYTES = 25_000;
/** Kept free for what stands around the rows: the range, the state of a feed, the next calls. */
const AROUND_BYTES = 4_000;

/** A row in both of its forms: a line, and what the structured content has of it. */
export interface ShownRow {
  line: string;
  items: readonly object[];
}

/** Room on a page, in bytes. */
export interface Room {
  /** Of each half. */
  half: number;
  /** Of the answer as JSON, in which the text is a string. */
  whole: number;
}

/**
 * @param asked true: the caller asked for a number of rows, and gets as many as one answer takes
 * @param most bytes of an answer that is not kept in pages
 * @param question what the next call repeats
 */
export function roomFor(asked: boolean, most: number, question: object): Room {
  const around = AROUND_BYTES + 2 * jsonBytes(question);
  // The question stands in both halves, and its quotes are escaped in the text.
  return { half: asked ? Infinity : HALF_BYTES - around, whole: most - 3 * around };
}

interface Page<Item> {
  rows: ShownRow[];
  /** Takes an item while there is room, and the first one whatever its size. False: it is not taken. */
  take: (item: Item) => boolean;
}

interface Size {
  text: number;
  structured: number;
  /** Of both, as JSON. */
  whole: number;
}

export function createPage<Item>(room: Room, rowOf: (item: Item) => ShownRow): Page<Item> {
  const rows: ShownRow[] = [];
  /** Of the rows that were measured. */
  let measured: Size = { text: 0, structured: 0, whole: 0 };
  /** With what the others have at most: a page that is far from full is never measured. */
  let atMost = measured;
  let unmeasured: ShownRow[] = [];
  const fits = ({ text, structured, whole }: Size) =>
    text <= room.half && structured <= room.half && whole <= room.whole;
  return {
    rows,
    take(item) {
      const row = rowOf(item);
      let next = sum(atMost, mostSizeOf(row));
      if (fits(next)) unmeasured.push(row);
      else {
        measured = unmeasured.map(sizeOf).reduce(sum, measured);
        unmeasured = [];
        atMost = measured;
        next = sum(measured, sizeOf(row));
        if (!fits(next) && rows.length > 0) return false;
        measured = next;
      }
      atMost = next;
      rows.push(row);
      return true;
    },
  };
}

function sizeOf({ line, items }: ShownRow): Size {
  const structured = jsonBytes(items);
  return { text: utf8Bytes(line) + 1, structured, whole: jsonBytes(line) + structured };
}

function mostSizeOf({ line, items }: ShownRow): Size {
  const structured = mostJsonBytes(items);
  const text = mostJsonBytes(line);
  return { text, structured, whole: text + structured };
}

function sum(one: Size, other: Size): Size {
  return {
    text: one.text + other.text,
    structured: one.structured + other.structured,
    whole: one.whole + other.whole,
  };
}

/** What an answer consists of. The words before and after the rows say in text what `structured` says as data. */
interface Halves<Answer> {
  before: readonly string[];
  /** The name that the rows have in the structured content. */
  name: string;
  rows: readonly ShownRow[];
  after: readonly string[];
  calls: readonly NextCall[];
  /** Without the rows. */
  structured: Partial<Answer>;
}

export function bothHalves<Answer>({ before, name, rows, after, calls, structured }: Halves<Answer>): {
  text: string;
  structured: Answer;
} {
  return {
    text: inLines([...before, ...rows.map(({ line }) => line), ...after, ...calls.map(callLine)]),
    structured: {
      ...structured,
      [name]: rows.flatMap(({ items }) => items),
      ...(calls.length === 0 ? {} : { nextCalls: calls }),
    } as Answer,
  };
}
