/** Events that wait to be judged, in the order of their times; of equal times the first to arrive is first. */
import type { ArrivedEvent } from './moment.ts';

export interface WaitingEvent {
  stream: string;
  arrival: ArrivedEvent;
  /** When it happened, as it is judged, epoch ms. */
  time: number;
}

export interface WaitingEvents {
  readonly size: number;
  add(one: WaitingEvent): void;
  first(): WaitingEvent | null;
  take(): WaitingEvent | null;
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
      if (sorted.length === head || (last !== undefined && last.time <= one.time)) {
        sorted.push(one);
        return;
      }
      let [low, high] = [head, sorted.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((sorted[middle]?.time ?? 0) <= one.time) low = middle + 1;
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
    takeWhere(test) {
      const standing = sorted.slice(head);
      sorted = standing.filter((one) => !test(one));
      head = 0;
      return standing.filter(test);
    },
    all: () => sorted.slice(head),
  };
}
