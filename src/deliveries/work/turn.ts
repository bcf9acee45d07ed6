/**
 * One turn for one subscription, under its lease: it reads on in the log, sends what is due, and stores what became of it. Killed
 * anywhere, the next turn reads and sends again what was not stored, under the same ids.
 *
 * Whoever appends wakes it (`outbox.ts`). The lease is taken in the commit that deletes the wake, and the log is read after that,
 * so what a wake was for is never missed; what is appended later comes with a wake of its own.
 */
import { createSends } from './sends.ts';
import {
  type Claimed,
  DELIVERY_LEASE_MS,
  HELD_MS,
  keepDelivery,
  lookAtDelivery,
  type NotDue,
  takeDelivery,
} from './claim.ts';
import { cleanUp } from './clean-up.ts';
import type { DeliveryDeps } from '../records/deps.ts';
import { endDelivery, tellEnd } from './ending.ts';
import { type FoundEvent, MOST_PENDING, takeInEvents } from './intake.ts';
import type { SubscriptionName } from '../records/names.ts';
import { afterOutage, afterTry, failuresBefore, nextTryAt, resumed, sendable, withoutOld } from './retries.ts';
import { type Allowed, allowedNow } from './rights.ts';
import { openTarget } from '../records/secrets.ts';
import type { Sending } from '../send/send.ts';
import type { DeliveryState } from '../records/state.ts';
import { ofStream, scopeOf } from '../../streams/scope.ts';

/** Most that is sent to one receiver at once. */
const AT_ONCE = 16;
/** A batch of ordered sends ends after this, ms, so that the lease holds. */
const ORDERED_MS = 10_000;
/** What this release does not know is left to others for so long, and looked at this often, ms. */
const STRANGE_MS = 600_000;
const STRANGE_EACH_MS = 60_000;
/** A subscription without an end that has taken nothing is ended so long after it was suspended, ms. */
const SUSPENDED_MS = 7 * 86_400_000;

export interface TurnReport {
  /** `done`: it was worked on. `lost`: another went on with it. */
  end: NotDue | 'done' | 'lost';
  /** Tries that were acknowledged, and that were not. */
  sent: number;
  failed: number;
  /** When it is due again, epoch ms; null: when it is woken, or another knows. */
  nextAt: number | null;
}

interface DeliveryTurnOptions {
  /** Epoch ms. No batch begins after it. */
  deadline: number;
  /** No batch begins once it aborts. */
  signal?: AbortSignal;
  /** Default 30,000. Less only where receivers answer at once, and all who share the store share a clock. */
  leaseMs?: number;
}

/** Errors as the store's; the lease then ends by itself. */
export async function takeDeliveryTurn(
  deps: DeliveryDeps,
  name: SubscriptionName,
  { deadline, signal, leaseMs = DELIVERY_LEASE_MS }: DeliveryTurnOptions,
): Promise<TurnReport> {
  const { runtime } = deps;
  const report: TurnReport = { end: 'done', sent: 0, failed: 0, nextAt: null };
  const storeBy = deadline + ORDERED_MS;
  const found = await lookAtDelivery(deps, name, storeBy);
  if (found === 'gone') await cleanUp(deps, name, storeBy);
  if (found === 'held') return { ...report, end: found, nextAt: runtime.now() + HELD_MS };
  if (typeof found === 'string') return { ...report, end: found };
  const allowed = found.definition.ended === null ? await allowedNow(deps, found.definition) : null;
  const claimed = await takeDelivery(deps, found, storeBy, leaseMs);
  if (claimed === null) return { ...report, end: 'lost' };
  if (allowed === null) await tellEnd(deps, claimed, storeBy);
  else if (allowed.kind === 'allowed') await work(deps, claimed, allowed, report, { deadline, storeBy, signal });
  else await leave(deps, claimed, allowed, storeBy);
  return report;
}

interface Times {
  deadline: number;
  storeBy: number;
  signal: AbortSignal | undefined;
}

async function work(
  deps: DeliveryDeps,
  first: Claimed,
  { principal, selection }: Allowed & { kind: 'allowed' },
  report: TurnReport,
  { deadline, storeBy, signal }: Times,
): Promise<void> {
  const { runtime, app } = deps;
  const { retryForMs } = app.webhooks;
  const scope = ofStream(scopeOf(deps, first.name), selection.source.stream);
  let claimed = first;
  let state = afterOutage(claimed.state, runtime.now(), claimed.definition.ordered);
  let isWhole = false;
  const known = new Map<string, FoundEvent>();
  for (;;) {
    const { definition } = claimed;
    const now = runtime.now();
    state = { ...state, strangeSince: null };
    if (state.suspendedAt !== null && definition.refreshedAt > state.suspendedAt) state = resumed(state, now);
    if (state.suspendedAt !== null) return keepSuspended(deps, { ...claimed, state }, storeBy);
    if (!isWhole && state.pending.length < MOST_PENDING) {
      const intake = await takeInEvents(scope, state, selection);
      ({ state, isWhole } = intake);
      for (const [id, one] of intake.found) known.set(id, one);
    }
    state = withoutOld(state, runtime.now(), retryForMs);
    const { ordered } = definition;
    const isOver = signal?.aborted === true || runtime.now() >= deadline;
    const batch = isOver ? [] : sendable(state, runtime.now(), ordered, AT_ONCE);
    const isBehind = !isWhole && state.pending.length < MOST_PENDING;
    if (batch.length === 0 && (isOver || !isBehind)) {
      const at = isBehind ? runtime.now() : nextTryAt(state, ordered);
      report.nextAt = earlier(at, definition.refreshBefore);
      const kept = await keepDelivery(deps, claimed, state, report.nextAt, storeBy);
      return void (kept === 'gone' && (await cleanUp(deps, claimed.name, storeBy, claimed.holder)));
    }
    if (batch.length > 0) {
      const opened = await openTarget(deps.sealer, claimed.name, definition, runtime.now());
      if (opened === null) state = { ...state, suspendedAt: runtime.now(), lastError: 'challenge_failed' };
      else {
        const to: Sending = { name: claimed.name, principal, ...opened };
        const sends: Sends = { answers: createSends(deps, { to, selection, scope, known }), settle };
        state = ordered ? await sendOneByOne(state, sends, runtime) : await sendTogether(state, batch, sends);
      }
    }
    const kept = await keepDelivery(deps, claimed, state, 'renew', storeBy);
    if (kept === 'gone') return void (await cleanUp(deps, claimed.name, storeBy, claimed.holder));
    if (kept === 'lost') return void (report.end = 'lost');
    claimed = kept;
    ({ state } = kept);
    if (kept.definition.ended !== null) return tellEnd(deps, kept, storeBy);
  }

  function settle(...[standing, item, answer, before]: Parameters<Sends['settle']>): DeliveryState {
    if (answer === undefined) return standing;
    known.delete(item.id);
    if (answer.kind === 'instead') {
      const pending = standing.pending.flatMap((one) => (one.id === item.id ? answer.pending : [one]));
      return { ...standing, pending };
    }
    if (answer.tried.outcome === 'acknowledged') report.sent += 1;
    else report.failed += 1;
    const times = { now: runtime.now(), chance: runtime.random(), retryForMs, before };
    return afterTry(standing, item, answer.tried, times);
  }
}

type Item = DeliveryState['pending'][number];

/** One target, and what comes of its answers. */
interface Sends {
  answers: ReturnType<typeof createSends>;
  /** @param before how many tries had failed before this one */
  settle: (
    standing: DeliveryState,
    item: Item,
    answer: Awaited<ReturnType<Sends['answers']['of']>> | undefined,
    before: number,
  ) => DeliveryState;
}

async function sendTogether(before: DeliveryState, batch: readonly Item[], { answers, settle }: Sends) {
  const tried = await Promise.all(batch.map((item) => answers.of(before, item)));
  const results = tried.map((answer) => (answer.kind === 'instead' ? undefined : answer.tried));
  const failures = failuresBefore(before, results);
  return batch.reduce((sum, item, index) => settle(sum, item, tried[index], failures), before);
}

/** The next one is sent where the one before was taken. */
async function sendOneByOne(
  before: DeliveryState,
  { answers, settle }: Sends,
  { now }: Pick<DeliveryDeps['runtime'], 'now'>,
): Promise<DeliveryState> {
  const endsAt = now() + ORDERED_MS;
  let standing = before;
  for (let count = 0; count < AT_ONCE && now() < endsAt; count += 1) {
    const [item] = sendable(standing, now(), true, 1);
    if (item === undefined) break;
    standing = settle(standing, item, await answers.of(standing, item), standing.failures);
  }
  return standing;
}

/** Nothing is sent until it is refreshed. One without an end is ended when that takes too long. */
async function keepSuspended(deps: DeliveryDeps, claimed: Claimed, storeBy: number): Promise<void> {
  const { state, definition } = claimed;
  const endsAt = definition.refreshBefore ?? (state.suspendedAt ?? 0) + SUSPENDED_MS;
  if (definition.refreshBefore !== null || deps.runtime.now() < endsAt) {
    await keepDelivery(deps, claimed, state, endsAt, storeBy);
    return;
  }
  const data = { limit: 'failures' };
  await endDelivery(deps, claimed, { reason: 'ResourceExhausted', data }, storeBy);
}

/** What may not be sent any more is ended; what is not known here is left to other releases for a while. */
async function leave(
  deps: DeliveryDeps,
  claimed: Claimed,
  { kind, why }: Exclude<Allowed, { kind: 'allowed' }>,
  storeBy: number,
): Promise<void> {
  const now = deps.runtime.now();
  const strangeSince = claimed.state.strangeSince ?? now;
  if (kind === 'ended' || now - strangeSince >= STRANGE_MS) return endDelivery(deps, claimed, why, storeBy);
  await keepDelivery(deps, claimed, { ...claimed.state, strangeSince }, now + STRANGE_EACH_MS, storeBy);
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}
