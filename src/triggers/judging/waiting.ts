/** Events that wait to be judged, in the order of their times; of equal times in that of the streams, then as they arrived. */
import type { ArrivedEvent } from './moment.ts';

interface WaitingEvent {
  stream: string;
  arrival: ArrivedEvent;
  /** When it happened, as it is judged, epoch ms. */
  time: number;
  /** Place of its stream among those of the trigger. */
  rank: number;
}

interface WaitingEvents {
  readonly size: number;
  add(one: WaitingEvent): void;
  first(): WaitingEvent | null;
  take(): WaitingEvent | null;
  /** Takes out the latest. */
  dropLast(): void;
  /** Takes out those that pass. */
  takeWhere(test: (one: WaitingEvent) => boolean): WaitingEvent[];
  all(): readonly WaitingEvent[];
}

export function createWaitingEvents(): WaitingEvents {
  let sorted: WaitingEvent[] = [];
  /** Those before it were taken. */
  let head = 0;
  return {
    get size() {
      return sorted.length - head;
    },
    add(one) {
      const last = sorted.at(-1);
      if (sorted.length === head || (last !== undefined && !isBefore(one, last))) {
        sorted.push(one);
        return;
      }
      let [low, high] = [head, sorted.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        const other = sorted[middle];
        if (other === undefined || !isBefore(one, other)) low = middle + 1;
        else high = middle;
      }
      sorted.splice(low, 0, one);
    },
    first: () => sorted[head] ?? null,
    take() {
      const one = sorted[head];
      if (one === undefined) return null;
      head += 1;
      if (head > 256 && head * 2 > sorted.length) {
        sorted = sorted.slice(head);
        head = 0;
      }
      return one;
    },
    dropLast: () => void sorted.pop(),
    takeWhere(test) {
      const standing = sorted.slice(head);
      sorted = standing.filter((one) => !test(one));
      head = 0;
      return standing.filter(test);
    },
    all: () => sorted.slice(head),
  };
}

function isBefore(one: WaitingEvent, other: WaitingEvent): boolean {
  return one.time < other.time || (one.time === other.time && one.rank < other.rank);
}
