/** What a run with refusals has to show, as sentences about what is wrong; none when all promises held. */
import type { RefusalReport } from './run.ts';

/** Who waits for a lock in SQLite stands still for its five seconds. The longest time, ms, for which the event loop may stand still, and after which a refusal that is certain may come. */
export const BOUNDS = { stoodMs: 3_000, refusedMs: 1_000 };
/** Outcomes that say for certain that nothing was written. */
const CERTAIN: ReadonlySet<string> = new Set(['store_full', 'store_damaged', 'store_unavailable']);
const EXPECTED: ReadonlySet<string> = new Set(['committed', 'store_full', 'store_unknown', 'store_unavailable']);

const name = ({ by, n }: { by: string; n: number }) => `${by}${n}`;

export function refusalVerdict({ attempts, afterwards, found, records, stoodMs }: RefusalReport): string[] {
  const wrong: string[] = [];
  const say = (what: string, count: number) => {
    if (count > 0) wrong.push(`${count} ${what}`);
  };
  const times = new Map<string, number>();
  for (const each of found) times.set(name(each), (times.get(name(each)) ?? 0) + 1);
  say('acknowledged and lost', attempts.filter((a) => a.outcome === 'committed' && !times.has(name(a))).length);
  say('twice', [...times.values()].filter((count) => count > 1).length);
  say('refused and written', attempts.filter((a) => CERTAIN.has(a.outcome) && times.has(name(a))).length);
  say('of another outcome', attempts.filter((a) => !EXPECTED.has(a.outcome)).length);
  say(`refused late`, attempts.filter((a) => a.outcome === 'store_full' && a.tookMs > BOUNDS.refusedMs).length);
  say('not written after the faults', afterwards.filter(({ outcome }) => outcome !== 'committed').length);
  for (const by of new Set(attempts.map((each) => each.by))) {
    const own = found.filter((each) => each.by === by).map(({ n }) => n);
    say(`out of order, of ${by}`, own.filter((n, at) => at > 0 && n <= (own[at - 1] ?? 0)).length);
    if (own.at(-1) !== records[by]) wrong.push(`${by}: the record says ${records[by]}, the log ${own.at(-1)}`);
  }
  if (stoodMs > BOUNDS.stoodMs) wrong.push(`the event loop stood still for ${stoodMs.toFixed(0)} ms`);
  return wrong;
}

/** How many attempts had each outcome. */
export function outcomes({ attempts }: Pick<RefusalReport, 'attempts'>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of attempts) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
