/**
 * `sweep` removes the events and dead letters that retention no longer keeps, and lets the store collect what expired. It
 * also brings the latest events of every stream and the index of its times up to date, which repairs what a crash after an
 * append left and indexes what an older release wrote, and erases what handlers removed. It tells what the store's driver
 * knows to be wrong with it. What stands in one tenant's name is swept by `sweep-place.ts`. It may run at any time, twice, and
 * beside readers and writers.
 */
import { asTidegateError, type TidegateError } from '../../base/errors.ts';
import { APP_TENANT } from '../../base/principal.ts';
import type { StreamTenants } from '../../declare/feed.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { believeClock, lookAtClock, type SetBack } from '../../store/clock-seen.ts';
import { openAccount, type Spent } from '../../store/counting.ts';
import { tellFindings } from '../../store/examine.ts';
import type { Deps } from '../../streams/deps.ts';
import { sharedScope, streamsOf } from '../../streams/scope.ts';
import { createPlaceSweep } from './sweep-place.ts';
import { duePlaces, noteTenant, workOnPlace } from '../../streams/tenant-work.ts';

export interface SweepOptions {
  /** Whose streams and feeds are swept, as a token names the tenant; those that all share are the app's, `public`. Default: all. */
  tenant?: string;
  /** Dead letters kept for each feed; default 1,000. */
  deadLetters?: number;
  /** How long they are kept, ms; default 30 days. */
  deadLetterAgeMs?: number;
  /**
   * Logs beside those of streams that it keeps within their retention, such as those of triggers. Who appends to them trims them too;
   * of those that all share, one sweep in 60 looks at them. Default: none.
   */
  logs?: (of: StreamTenants) => readonly DeclaredStream[];
  /** Ends the sweep after the step that it is at. */
  signal?: AbortSignal;
  /**
   * Called at the end where the clock was set back: looks at what waits for a time of the clock that was ahead, until the deadline,
   * epoch ms. False: not at all of it; the next sweep calls it again. Default: nothing waits.
   */
  onSetBack?: (deadline: number) => Promise<boolean>;
}

export interface SweepReport {
  /** Events removed, by stream. */
  events: Record<string, number>;
  /** Dead letters removed, by feed. */
  deadLetters: Record<string, number>;
  /** Expired records and the like that the store removed. */
  collected: number;
  /** Entries by which latest events were behind their logs. */
  projected: number;
  /** By how much the clock is behind what the store has seen, ms; null: it is not. */
  setBackMs: number | null;
  /** True: the time was over, or something failed, before all was done. */
  more: boolean;
  /** The first failure. The rest was done all the same. */
  error: TidegateError | null;
  /** What it asked of the store. */
  spent: Spent;
}

/** Removed in one call. Pages of answers have up to 340 KB each, and other work goes on between two calls. */
const COLLECT = 100;
/** A tenant to whose logs nothing is written is swept so often, ms: retention by age goes on. */
const SWEEP_AGAIN_MS = 24 * 3_600_000;
/** One whose sweep was not done is swept again after this, ms. */
const SWEEP_ON_MS = 30_000;
/** Time for the look at the clock, ms. */
const LOOK_MS = 2_000;

/** @param deadline epoch ms */
export async function sweep(given: Deps, deadline: number, options: SweepOptions = {}): Promise<SweepReport> {
  const account = openAccount(given.store, given.runtime);
  const deps = { ...given, store: account.store };
  const { runtime, store } = deps;
  const report: Omit<SweepReport, 'spent'> = {
    events: {},
    deadLetters: {},
    collected: 0,
    projected: 0,
    setBackMs: null,
    more: false,
    error: null,
  };

  /** Answers whether all of it was done. */
  async function attempt(step: () => Promise<boolean>): Promise<boolean> {
    let more = true;
    if (runtime.now() < deadline && options.signal?.aborted !== true) {
      try {
        more = await step();
      } catch (error) {
        report.error ??= asTidegateError(error);
      }
    }
    report.more ||= more;
    return !more;
  }

  let agesBy = runtime.now();
  let setBack: SetBack | null = null;
  try {
    // Also where the time is over because the clock leapt: the sweep after it knows by this that it was set back.
    const look = await lookAtClock(deps, Math.max(deadline, agesBy + LOOK_MS));
    ({ agesBy, setBack } = look);
    report.setBackMs = setBack?.byMs ?? null;
  } catch (error) {
    report.error ??= asTidegateError(error);
    report.more = true;
  }
  const sweepPlace = createPlaceSweep({ deps, deadline, agesBy, options, report, attempt });

  /** Those of the tenants that come due. One whose sweep was not done is swept by the next call. */
  async function sweepTenants(): Promise<boolean> {
    if (streamsOf(deps, 'each').length === 0) return false;
    const { due, more } = await duePlaces(deps, 'sweep', options.tenant);
    for (const place of due) {
      const { scope } = place;
      await attempt(async () => {
        await workOnPlace(deps, place, async () => {
          let done = await sweepPlace(scope, 'each');
          // A feed that the app did not have when the tenant was met. A full store takes no note, and is swept all the same.
          done = (await attempt(async () => (await noteTenant(scope), false))) && done;
          return runtime.now() + (done ? SWEEP_AGAIN_MS : SWEEP_ON_MS);
        });
        return false;
      });
    }
    return more;
  }

  async function collect(): Promise<boolean> {
    let isFull = false;
    await attempt(async () => {
      const { removed } = await store.collect(agesBy, COLLECT);
      report.collected += removed;
      isFull = removed >= COLLECT;
      return false;
    });
    return isFull;
  }

  // What frees room comes first, and does not wait for what cannot be written to a store that is full.
  let isFull = await collect();
  await attempt(async () => {
    if (options.tenant === undefined || options.tenant === APP_TENANT) await sweepPlace(sharedScope(deps), 'shared');
    return false;
  });
  await attempt(sweepTenants);
  while (isFull) isFull = await collect();
  await attempt(async () => {
    if (store.findings) tellFindings(runtime.log, store, await store.findings({ now: runtime.now() }));
    return false;
  });
  if (setBack !== null) {
    const { onSetBack = async () => true } = options;
    const found = setBack;
    await attempt(async () => {
      if (!(await onSetBack(deadline))) return true;
      await believeClock(deps, found, deadline);
      return false;
    });
  }
  return { ...report, spent: account.spent() };
}
