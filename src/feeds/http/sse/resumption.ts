/**
 * Notices a source that is asked to go on behind an id, and does not: it sends again what came before, or goes on at its
 * present. What is known is passed over, and a gap says where events may be missing. It remembers the first events and the
 * newest, and loses nothing for a doubt: ids that are used twice end all of it. An event without an id is passed over only where the
 * connection repeats what has ids. Accepted weakness: that a source went on at its present is noticed only where its ids count one
 * by one.
 */
import { fnv1a } from '../../../base/digest.ts';
import { countedWith, stepOf, SURE_STEPS } from '../../kit/counted-steps.ts';
import type { SourceEvent } from './parser.ts';

const FIRST = 8;
const NEWEST = 32;

export interface Resumption {
  /** Begins a connection. @param asked the id behind which the source was asked to go on; null: none */
  begin(asked: string | number | null): void;
  /** The events that are new. A text among them says what may be missing there. */
  fresh(events: readonly SourceEvent[]): (SourceEvent | string)[];
  /** How many events of the connection were passed over. */
  repeated(): number;
  /** Takes note that events are handed over. */
  handed(events: readonly SourceEvent[]): void;
  /** As a position holds it. */
  state(): string;
}

interface Known {
  id: number;
  data: number;
}

export function createResumption(before: string): Resumption {
  const [count = '0', ...marks] = before.split(' ');
  /** How many ids followed the one before by one; -1: some did not. -2: ids are used twice. */
  let counted = Number(count);
  const known: Known[] = [];
  /** Digests of the newest events without an id. */
  const unnamed: number[] = [];
  for (const mark of marks) {
    const [id = Number.NaN, data = 0] = mark.split('.').map((part) => Number.parseInt(part, 36));
    if (Number.isNaN(id)) unnamed.push(data);
    else known.push({ id, data });
  }
  let asked: string | null = null;
  let latest: string | null = null;
  let mode: 'first' | 'passing over' | 'going on' = 'going on';
  let repeated = 0;
  /** What of `unnamed` may still come again. Empty where the connection repeats nothing, or nothing any more. */
  let awaited: number[] = [];

  /** Whether it is an event without an id that came in the same place before. */
  function isRepeat(event: SourceEvent): boolean {
    const place = awaited.indexOf(dataOf(event));
    if (place >= 0) awaited.splice(place, 1);
    return place >= 0;
  }

  /** `same`: the event is known. `other`: its id is known, with other data. */
  function recall(id: string, event: SourceEvent): 'same' | 'other' | 'new' {
    const mark = markOf(id, event);
    const found = known.filter((one) => one.id === mark.id);
    if (found.length === 0) return 'new';
    return found.some(({ data }) => data === mark.data) ? 'same' : 'other';
  }

  function beganAgain(id: string): string {
    mode = 'going on';
    counted = 0;
    known.length = 0;
    unnamed.length = 0;
    return `the source was asked to go on behind id ${asked} and began again with ${id}: what it sent in between may be missing, or come twice`;
  }

  /** What stands before the event, if anything; null: the event is passed over. */
  function judge(id: string, event: SourceEvent): string | null {
    const step = asked === null ? null : stepOf(asked, id);
    const recalled = recall(id, event);
    if (mode === 'first') {
      mode = 'going on';
      if (recalled === 'same') {
        mode = id === asked ? 'going on' : 'passing over';
        return null;
      }
      if (recalled === 'other' || (step !== null && step <= 0)) return beganAgain(id);
      if (counted >= SURE_STEPS && step !== null && step > 1)
        return `the source was asked to go on behind id ${asked} and went on with ${id}: ${step - 1} events are missing`;
      return '';
    }
    if (mode !== 'passing over') return '';
    if (recalled === 'other') return beganAgain(id);
    if (id === asked || (step !== null && step > 0)) mode = 'going on';
    return recalled === 'same' || (step !== null && step <= 0) ? null : '';
  }

  return {
    begin(id) {
      asked = id === null ? null : String(id);
      latest = null;
      mode = asked === null || counted === -2 ? 'going on' : 'first';
      repeated = 0;
      awaited = [];
    },
    fresh(events) {
      return events.flatMap((event) => {
        const { id } = event;
        const told = id === null || id === '' ? (isRepeat(event) ? null : '') : judge(id, event);
        if (told === null) {
          if (repeated === 0) awaited = [...unnamed];
          repeated += 1;
          return [];
        }
        if (id !== null && id !== '') awaited = [];
        return told === '' ? [event] : [told, event];
      });
    },
    repeated: () => repeated,
    handed(events) {
      for (const event of events) {
        const { id } = event;
        if (id === null || id === '') {
          if (event.item !== null && known.length > 0) unnamed.push(dataOf(event));
          if (unnamed.length > NEWEST) unnamed.shift();
          continue;
        }
        const step = latest === null ? null : stepOf(latest, id);
        if (latest !== null && counted >= -1) counted = countedWith(counted, step);
        latest = id;
        if (known.some((one) => one.id === markOf(id, event).id)) counted = -2;
        known.push(markOf(id, event));
        if (known.length > FIRST + NEWEST) known.splice(FIRST, 1);
      }
    },
    state() {
      if (known.length === 0) return '';
      const marks = known.map(({ id, data }) => `${id.toString(36)}.${data.toString(36)}`);
      return [counted, ...marks, ...unnamed.map((data) => `.${data.toString(36)}`)].join(' ');
    },
  };
}

function markOf(id: string, event: SourceEvent): Known {
  return { id: fnv1a(id), data: dataOf(event) };
}

function dataOf({ item }: SourceEvent): number {
  return fnv1a(JSON.stringify(item?.data ?? null));
}
