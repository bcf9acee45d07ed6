/**
 * Judges all triggers of a tenant in rounds: it reads what is new in their streams, each log once, lets each trigger judge it,
 * and stores what was found. What has made no occurrence is stored when it is much, or half a minute old, because judging may be
 * repeated; so a process that stays up makes few calls for each event. Any number of processes may do so at once: of those that
 * judge the same events one stores, and the others read again.
 */
import { paceOf } from '../base/pace.ts';
import { asTidegateError, type TidegateError } from '../base/errors.ts';
import { watchedClock } from '../base/time/stored-time.ts';
import type { DeclaredTrigger } from '../declare/trigger.ts';
import type { Deps } from '../streams/deps.ts';
import { scopeOf } from '../streams/scope.ts';
import { CLOCKS_DIFFER_MS } from './judging/clock.ts';
import { cleansed } from './judging/removed.ts';
import { isToTrim, type RemoveBehind, removeOccurrences, trimOccurrences } from './keep.ts';
import { lookAtLate } from './late.ts';
import { loadTriggers } from './load.ts';
import { newTo, type LogArrivals, readOnceMore, readArrivals, takeArrivals } from './read-round.ts';
import type { StandingTrigger } from './standing.ts';
import { storeAll } from './store-round.ts';

export interface RoundReport {
  /** Entries that were read. */
  entries: number;
  /** Occurrences that were stored, by trigger. */
  occurrences: Map<string, number>;
  commits: number;
  /** When something changes if nothing comes, epoch ms; null: nothing does. */
  dueAt: number | null;
  /** The time was over, or something failed, before all was judged. */
  more: boolean;
  /** What failed first. The other triggers were judged all the same. */
  error: TidegateError | null;
}

interface Evaluator {
  /**
   * @param tenant in whose name the triggers stand
   * @param deadline epoch ms
   */
  round(tenant: string, triggers: readonly DeclaredTrigger[], deadline: number): Promise<RoundReport>;
}

/** What was judged and not stored is stored when it is more entries, or older. */
const MOST_AHEAD = 5_000;
const STORED_MS = 30_000;
/** A trigger to which nothing happens is stored so often, so that its record does not expire, ms. */
const KEPT_FRESH_MS = 86_400_000;
/** How many triggers a process remembers. */
const MOST_REMEMBERED = 20_000;

const isOwing = ({ owed, owedPieces, judge }: StandingTrigger) =>
  owed.length + owedPieces.length > 0 || judge.hasFound();

const nameOf = (tenant: string, { name }: DeclaredTrigger) => `${tenant}/${name}`;

export function createEvaluator(given: Deps, removeBehind: RemoveBehind | null = null): Evaluator {
  const known = new Map<string, StandingTrigger>();
  // What was judged by a clock that was ahead is read again, and brought back.
  const now = watchedClock(
    () => given.runtime.now(),
    () => known.clear(),
  );
  const deps: Deps = { ...given, runtime: { ...given.runtime, now } };
  const { app, runtime } = deps;
  const forget = ({ tenant, trigger }: StandingTrigger) => void known.delete(nameOf(tenant, trigger));

  async function standingsOf(tenant: string, triggers: readonly DeclaredTrigger[], report: RoundReport) {
    const missing = triggers.filter((trigger) => known.get(nameOf(tenant, trigger))?.trigger !== trigger);
    if (known.size + missing.length > MOST_REMEMBERED) known.clear();
    const scope = scopeOf(deps, { tenant });
    for (const trigger of missing) known.delete(nameOf(tenant, trigger));
    try {
      for (const one of await loadTriggers(scope, missing)) known.set(nameOf(tenant, one.trigger), one);
    } catch (thrown) {
      if (missing.length === 1 || asTidegateError(thrown).code !== 'newer_version') throw thrown;
      // One of a newer release is left to that, and keeps no other back.
      for (const trigger of missing) {
        try {
          for (const one of await loadTriggers(scope, [trigger])) known.set(nameOf(tenant, trigger), one);
        } catch (error) {
          fail(report, trigger.name, error);
        }
      }
    }
    return triggers.flatMap((trigger) => known.get(nameOf(tenant, trigger)) ?? []);
  }

  function fail(report: RoundReport, trigger: string | null, thrown: unknown): void {
    const error = asTidegateError(thrown);
    report.error ??= error;
    report.more = true;
    runtime.log('warn', 'a trigger is not judged', { trigger, code: error.code, message: error.message });
  }

  /** Those that are to be stored now. */
  function isToStore({ isFresh, judge, owed, owedPieces, ahead, stored }: StandingTrigger, found: boolean): boolean {
    if (isFresh || found || owed.length + owedPieces.length > 0) return true;
    const ageMs = runtime.now() - stored.storedAt;
    if (ageMs >= KEPT_FRESH_MS || ageMs < 0) return true;
    return ahead >= MOST_AHEAD || (ageMs >= STORED_MS && (ahead > 0 || judge.changed()));
  }

  /** Stores what was found, as often as one commit does not take all of it. @returns those that are still good */
  async function store(
    standings: readonly StandingTrigger[],
    deadline: number,
    report: RoundReport,
  ): Promise<StandingTrigger[]> {
    const lost = new Set<StandingTrigger>();
    for (let left = standings; left.length > 0; left = left.filter((one) => !lost.has(one) && isOwing(one))) {
      const stored = await storeAll(deps, left, deadline);
      report.commits += stored.commits;
      for (const [name, count] of stored.occurrences) {
        report.occurrences.set(name, (report.occurrences.get(name) ?? 0) + count);
        const one = left.find(({ trigger }) => trigger.name === name);
        if (one && isToTrim(runtime.random(), count)) await trimOccurrences(scopeOf(deps, one), one.trigger);
      }
      for (const one of stored.lost) {
        lost.add(one);
        forget(one);
        report.more = true;
      }
    }
    return standings.filter((one) => !lost.has(one));
  }

  async function judgeAll(tenant: string, all: readonly StandingTrigger[], deadline: number, report: RoundReport) {
    const scope = scopeOf(deps, { tenant });
    const pace = paceOf(runtime);
    let standing = [...all];
    for (let isEnd = false; !isEnd;) {
      if (runtime.now() >= deadline) {
        report.more = true;
        return;
      }
      const knownTo = runtime.now() - CLOCKS_DIFFER_MS;
      const pages = new Map<string, LogArrivals>();
      for (const name of new Set(standing.flatMap(({ plan }) => plan.streams))) {
        const stream = app.streams.get(name);
        if (!stream) continue;
        const watching = standing.filter(({ plan }) => plan.streams.includes(name));
        pages.set(name, await readArrivals(scope, stream, watching));
      }
      const joined = new Set(standing.flatMap(({ plan }) => (plan.streams.length > 1 ? plan.streams : [])));
      const until = runtime.now();
      for (const name of [...pages.keys()].filter((each) => joined.has(each)).slice(0, -1)) {
        const [stream, page] = [app.streams.get(name), pages.get(name)];
        if (stream && page?.isEnd) await readOnceMore(scope, stream, page, until);
      }
      isEnd = [...pages.values()].every((page) => page.isEnd);
      report.entries += [...pages.values()].reduce((sum, { arrivals }) => sum + arrivals.length, 0);
      let left = standing.map((one) => ({ one, entries: newTo(one, pages) }));
      while (left.length > 0) {
        const full: typeof left = [];
        const found: StandingTrigger[] = [];
        for (const { one, entries } of left) {
          const rest = pace();
          if (rest !== null) await rest;
          const before = one.ahead;
          const isTaken = await takeArrivals(deps, one, entries);
          const isPassed = isTaken && isEnd ? one.judge.pass(knownTo) : isTaken;
          for (const what of one.judge.removed()) {
            await removeOccurrences(scope, one.trigger, what, deadline, removeBehind);
            one.owed = one.owed.flatMap((moment) => cleansed(moment, what) ?? []);
            // They are put anew.
            one.owedPieces = one.owedPieces.map(({ moments }) => {
              return { id: '', moments: moments.flatMap((moment) => cleansed(moment, what) ?? []) };
            });
            one.isFresh = true;
          }
          if (!isPassed) full.push({ one, entries: entries.slice(one.ahead - before) });
          if (one.judge.hasFound()) found.push(one);
        }
        const standingStill = new Set(await store(found, deadline, report));
        const lost = new Set(found.filter((one) => !standingStill.has(one)));
        standing = standing.filter((one) => !lost.has(one));
        left = full.filter(({ one }) => !lost.has(one));
        if (runtime.now() >= deadline) {
          report.more ||= left.length > 0;
          return;
        }
      }
    }
    await lookAtLate(scope, standing);
    for (const one of standing) {
      // Retention by age goes on where nothing occurs.
      if (!one.isFresh && runtime.now() - one.stored.storedAt >= KEPT_FRESH_MS)
        await trimOccurrences(scope, one.trigger);
    }
    await store(
      standing.filter((one) => isToStore(one, false)),
      deadline,
      report,
    );
    for (const { judge } of standing) {
      const at = judge.dueAt();
      if (at !== null && (report.dueAt === null || at < report.dueAt)) report.dueAt = at;
    }
  }

  return {
    async round(tenant, triggers, deadline) {
      const report: RoundReport = {
        entries: 0,
        occurrences: new Map(),
        commits: 0,
        dueAt: null,
        more: false,
        error: null,
      };
      if (triggers.length === 0) return report;
      try {
        const standings = await standingsOf(tenant, triggers, report);
        await judgeAll(tenant, standings, deadline, report);
      } catch (thrown) {
        // What was taken in and not stored is judged again from what is stored.
        for (const trigger of triggers) known.delete(nameOf(tenant, trigger));
        fail(report, null, thrown);
      }
      return report;
    },
  };
}
