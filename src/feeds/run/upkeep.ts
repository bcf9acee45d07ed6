/**
 * What has to be done while a burst lasts: the latest events are brought up to date, and where the connection is held, the
 * windows of sampling that the clock closed are stored, and the counts of a burst begin anew. It does not renew the lease.
 */
import type { DeclaredFeed } from '../../declare/feed.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { Intake } from './intake.ts';
import type { Lease } from './lease.ts';

/** A burst brings latest events up to date at least this often, ms. */
const PROJECT_EVERY_MS = 5_000;
/** Where the connection is held, they follow a commit, but not sooner than this after they did last, ms. */
const FOLLOW_AFTER_MS = 50;
/** The pause after it is at least so many times as long as it took. */
const PROJECTION_SHARE = 4;
/** The pause after it failed, ms. */
const BEHIND_MS = 1_000;
const CLOSE_WINDOWS_MS = 1_000;

export interface Upkeep {
  /** Epoch ms at which something is to be done. */
  dueAt(): number;
  /** Does what is due. False: the lease is lost. */
  run(): Promise<boolean>;
}

interface Options {
  runtime: Pick<Runtime, 'now'>;
  feed: DeclaredFeed;
  lease: Lease;
  intake: Intake;
  isHeld: boolean;
  /** Brings latest events up to date, and tells what came. It does not throw. */
  project: () => Promise<void>;
  /** Stores the events of windows that the clock closed. False: the lease is lost. */
  closeWindows: () => Promise<boolean>;
}

export function createUpkeep({ runtime, feed, lease, intake, isHeld, project, closeWindows }: Options): Upkeep {
  const now = () => runtime.now();
  const hasWindows = isHeld && feed.sample !== null && 'windowMs' in feed.sample;
  const unitMs = feed.budget.timeMs;
  let projectAfter = now() + (isHeld ? 0 : PROJECT_EVERY_MS);
  let closeAt = hasWindows ? now() + CLOSE_WINDOWS_MS : Number.POSITIVE_INFINITY;
  let renewAt = isHeld ? now() + unitMs : Number.POSITIVE_INFINITY;

  const isBehind = () => lease.state().dirty.length + intake.behind.size > 0;

  function projectAt(): number {
    return isHeld && !isBehind() ? Number.POSITIVE_INFINITY : projectAfter;
  }

  function pauseAfter(tookMs: number): number {
    return Math.max(isBehind() ? BEHIND_MS : FOLLOW_AFTER_MS, PROJECTION_SHARE * tookMs);
  }

  return {
    dueAt: () => Math.min(projectAt(), closeAt, renewAt),
    async run() {
      if (now() >= renewAt) {
        intake.renew();
        renewAt = now() + unitMs;
        // What does not fit leaves no latest event to bring up to date, and is told all the same.
        await project();
      }
      if (now() >= closeAt) {
        if (!(await closeWindows())) return false;
        closeAt = now() + CLOSE_WINDOWS_MS;
      }
      if (now() >= projectAt()) {
        const begunAt = now();
        await project();
        projectAfter = now() + (isHeld ? pauseAfter(now() - begunAt) : PROJECT_EVERY_MS);
      }
      return true;
    },
  };
}
