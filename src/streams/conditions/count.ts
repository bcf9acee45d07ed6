/**
 * `count` holds while the newest `atLeast` events lie less than `withinMs` apart. It goes by event time, so a backlog
 * that arrives at once does not count as many events at one time, and a late event counts at the time at which it
 * happened. An id counts once, with the newest of its times. If no more events come, the condition ceases once so much
 * time has passed since the last arrival that the oldest of the events would leave the window.
 *
 * Only the newest `atLeast` events are remembered, because the decision never needs more.
 */
import type { Count } from '../../declare/condition.ts';
import { digestOf } from '../../base/digest.ts';
import { happenedAt, type Rule } from './rule.ts';

type Mark = [time: number, id: string];

type Counted = {
  /**
   * Ordered by time. Of equal times the last to arrive is first, so that an event that was dropped stays dropped when
   * it comes again.
   */
  marks: Mark[];
  /** Epoch ms: append time of the last of them. */
  at: number;
};

export const countRule: Rule<Count, Counted> = {
  judge({ atLeast, withinMs }, before, event, at) {
    const time = happenedAt(event, at);
    const id = digestOf(event.id);
    const marks = before?.memory.marks ?? [];
    const known = marks.find(([, other]) => other === id);
    if (known !== undefined && known[0] >= time) return null;
    const others = known === undefined ? marks : marks.filter((mark) => mark !== known);
    const place = others.findLastIndex(([other]) => other < time) + 1;
    const mark: Mark = [time, id];
    const newest = Math.max(time, others.at(-1)?.[0] ?? time);
    const kept = others
      .toSpliced(place, 0, mark)
      .filter(([other]) => other > newest - withinMs)
      .slice(-atLeast);
    if (!kept.includes(mark)) return null;
    return {
      holds: kept.length >= atLeast,
      lapsed: (marks[0]?.[0] ?? time) <= newest - withinMs,
      memory: { marks: kept, at },
      value: null,
    };
  },
  dueAt({ withinMs }, { holds, memory: { marks, at } }) {
    const [oldest] = marks[0] ?? [0];
    const [newest] = marks.at(-1) ?? [0];
    return holds ? at + withinMs - (newest - oldest) : null;
  },
  latest: ({ marks, at }) => Math.max(at, marks.at(-1)?.[0] ?? at),
};
