/**
 * Says what an event would have changed that came too late to be judged: the newest past of the trigger's streams is judged twice,
 * with the event and without it, and what differs for its key is told. Neither changes what was stored. What the condition held
 * before that past began is not known to either, so the answer is of that past alone; where the past does not reach back as far
 * as the condition does, the answer is that it is not known.
 */
import type { Scope } from '../streams/scope.ts';
import type { Moment } from './judging/moment.ts';
import type { ConditionPlan } from './judging/plan.ts';
import { type PastEvent, reachMs, replayed } from './judging/replay.ts';
import { readPast } from './past.ts';
import type { LateNote } from './record.ts';
import type { StandingTrigger } from './standing.ts';

/** How many late events a trigger remembers. */
const MOST_NOTES = 20;
/** How many late events of a round are judged twice, and by how many entries of a stream. */
const MOST_JUDGED = 10;
const MOST_ENTRIES = 2_000;
const READ_MS = 5_000;

export async function lookAtLate(scope: Scope, standings: readonly StandingTrigger[]): Promise<void> {
  const { runtime } = scope;
  let left = MOST_JUDGED;
  for (const standing of standings) {
    const late = standing.judge.late();
    if (late.length === 0) continue;
    const { plan, trigger } = standing;
    const earliest = late.reduce((least, { arrival }) => Math.min(least, arrival.event.time), Number.POSITIVE_INFINITY);
    const since = earliest - reachMs(plan);
    const asked = { most: MOST_ENTRIES, deadline: runtime.now() + READ_MS };
    const past = left > 0 ? await readPast(scope, plan.streams, since, asked) : null;
    const notes = late.map(({ stream, arrival: { event, appendedAt } }): LateNote => {
      const reaches = past !== null && (past.readFrom === null || past.readFrom <= event.time - reachMs(plan));
      left -= 1;
      const wouldHave = reaches && left >= 0 ? changedBy(plan, trigger, past.events, { stream, event }) : 'unknown';
      return { id: event.id, stream, key: event.key ?? null, time: event.time, arrivedAt: appendedAt, wouldHave };
    });
    standing.stored = {
      ...standing.stored,
      late: [...notes.toReversed(), ...standing.stored.late].slice(0, MOST_NOTES),
    };
    for (const { wouldHave, id, time } of notes) {
      runtime.log('warn', 'an event came too late for a trigger', { trigger: trigger.name, id, time, wouldHave });
    }
  }
}

function changedBy(
  plan: ConditionPlan,
  { cooldownMs, tellsEnds }: StandingTrigger['trigger'],
  past: readonly PastEvent[],
  late: PastEvent,
): LateNote['wouldHave'] {
  const key = late.event.key ?? null;
  const isLate = ({ stream, event }: PastEvent) =>
    stream === late.stream && event.id === late.event.id && event.revision === late.event.revision;
  const others = past.filter((one) => !isLate(one));
  const from = others.reduce((least, { event }) => Math.min(least, event.time), late.event.time);
  const to = past.reduce((most, { event }) => Math.max(most, event.time), late.event.time) + 1;
  const told = (events: readonly PastEvent[]) => {
    const moments = [...replayed(plan, { cooldownMs, tellsEnds }, events, from, to)];
    return new Set(moments.filter((one) => one.became === 'holding' && isOf(one, key)).map(({ time }) => time));
  };
  const [without, including] = [told(others), told([...others, late])];
  const begun = [...including].some((time) => !without.has(time));
  const not = [...without].some((time) => !including.has(time));
  if (begun && not) return 'both';
  return begun ? 'begun' : not ? 'not begun' : 'changed nothing';
}

function isOf({ key }: Moment, of: string | null): boolean {
  return key === of || key === null;
}
