/**
 * `count`: so many events whose times are less than `withinMs` apart. It goes by the time at which they happened, so a
 * backlog that comes at once is no crowd; late events count where they happened. An id counts once, with the newest of
 * its times. When no more come, it ceases when as much time has passed since the last one came as would move the window on.
 *
 * Only the newest `atLeast` events are remembered: more are never needed to tell.
 */
import type { Count } from '../../declare/condition.ts';
import { digestOf } from '../../base/digest.ts';
import { happenedAt, type Rule } from './rule.ts';

type Mark = [time: number, id: string];

type Counted = {
  /** By time; of equal times the last to come is first, so that one that is left out stays out when it comes again. */
  marks: Mark[];
  /** When the last of them came. */
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
};
