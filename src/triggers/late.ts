/**
 * Says of events that came too late to be judged that they did. It judges nothing.
 */
import type { Scope } from '../streams/scope.ts';
import type { LateNote } from './record.ts';
import type { StandingTrigger } from './standing.ts';

/** How many late events a trigger remembers. */
const MOST_NOTES = 20;

export async function lookAtLate({ runtime }: Scope, standings: readonly StandingTrigger[]): Promise<void> {
  for (const standing of standings) {
    const late = standing.judge.late();
    if (late.length === 0) continue;
    const notes = late.map(({ stream, arrival: { event, appendedAt } }): LateNote => {
      return {
        id: event.id,
        stream,
        key: event.key ?? null,
        time: event.time,
        arrivedAt: appendedAt,
        wouldHave: 'unknown',
      };
    });
    standing.stored = {
      ...standing.stored,
      late: [...notes.toReversed(), ...standing.stored.late].slice(0, MOST_NOTES),
    };
    const { name } = standing.trigger;
    runtime.log('warn', 'events came too late for a trigger', { trigger: name, events: late.length });
  }
}
