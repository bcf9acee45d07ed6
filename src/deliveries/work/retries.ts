/**
 * When what was not acknowledged is sent again, and when it is given up. Pure.
 *
 * An event is tried 5 times within 15 minutes, then about once an hour, with full jitter, until `retryForMs` is over. A receiver
 * that fails three times in a row gets one try at a time, after pauses that grow; once it takes one, it gets the rest at once. What
 * is sent at once and fails is one failure.
 * One that has taken nothing for an hour, and for `retryForMs`, is left alone until the subscription is refreshed.
 */
import { backoff } from '../../base/backoff.ts';
import { shortened } from '../../base/text.ts';
import type { DeliveryState, Pending } from '../records/state.ts';
import type { Tried } from '../send/tried.ts';

/** 1, 2, 4 and 8 minutes at most. */
const SOON = { firstMs: 60_000, mostMs: 480_000 };
const SOON_TRIES = 5;
const LATER = { firstMs: 900_000, mostMs: 3_600_000 };
/** After so many failures in a row it is tried with one at a time. */
const FAILING = 3;
const PROBES = { firstMs: 20_000, mostMs: 3_600_000 };
const LONGEST_REST_MS = 3_600_000;
const SUSPENDED_AFTER_MS = 3_600_000;
const SUSPENDED_AFTER_TRIES = 10;
const MOST_ATTEMPTS_KEPT = 25;
const MOST_ABANDONED_KEPT = 100;
/** Longest reason that is kept of a try. */
const WHY_CHARACTERS = 200;

function isFailing({ failures }: Pick<DeliveryState, 'failures'>): boolean {
  return failures >= FAILING;
}

/** Those that are to be sent now, in the order of the log, `most` of them. */
export function sendable(state: DeliveryState, now: number, ordered: boolean, most: number): Pending[] {
  if (state.suspendedAt !== null || state.restUntil > now) return [];
  const due = (ordered ? state.pending.slice(0, 1) : state.pending).filter(({ dueAt }) => dueAt <= now);
  if (!isFailing(state)) return due.slice(0, most);
  return due.toSorted((a, b) => a.dueAt - b.dueAt).slice(0, 1);
}

/** When something of it is to be sent next, epoch ms; null: nothing is pending. */
export function nextTryAt({ pending, restUntil }: DeliveryState, ordered: boolean): number | null {
  const times = (ordered ? pending.slice(0, 1) : pending).map(({ dueAt }) => dueAt);
  return times.length === 0 ? null : Math.max(restUntil, Math.min(...times));
}

interface TryTimes {
  now: number;
  /** In [0, 1). */
  chance: number;
  retryForMs: number;
  /** `failuresBefore` of the batch that the try is part of. Those that fail at once are one failure of the receiver. */
  before: number;
}

/** How many tries have failed in a row before a batch: none, as one of the batch itself was answered well. */
export function failuresBefore({ failures }: DeliveryState, batch: readonly (Tried | undefined)[]): number {
  return batch.some((tried) => tried !== undefined && isTaken(tried.outcome)) ? 0 : failures;
}

/** The state after one try. */
export function afterTry(
  state: DeliveryState,
  item: Pending,
  tried: Tried,
  { now, chance, retryForMs, before }: TryTimes,
): DeliveryState {
  const { outcome, ms } = tried;
  const why = tried.why === undefined ? {} : { why: shortened(tried.why, WHY_CHARACTERS) };
  const attempts = item.attempts + 1;
  const shown = outcome === 'too_large' ? 'refused' : outcome;
  const entry = { at: now, eventId: item.id, attempt: attempts, outcome: shown, ms, ...why };
  const told = { ...state, attempts: [...state.attempts, entry].slice(-MOST_ATTEMPTS_KEPT) };
  if (isTaken(outcome)) {
    const left = without(told, item);
    const pending = isFailing(state) ? left.map((one) => ({ ...one, dueAt: Math.min(one.dueAt, now) })) : left;
    const well = { ...told, pending, failures: 0, failedSince: null, restUntil: 0, asked: false };
    if (outcome === 'acknowledged') return { ...well, lastDeliveryAt: now, lastError: null };
    return abandon(well, { ...item, attempts }, now, outcome, why);
  }
  const failures = Math.max(state.failures, before + 1);
  const failedSince = state.failedSince ?? now;
  const restMs = tried.retryAfterMs === null ? 0 : Math.min(LONGEST_REST_MS, tried.retryAfterMs);
  const probeMs = failures >= FAILING ? backoff(PROBES, failures - FAILING, chance) : 0;
  const pauseMs =
    attempts < SOON_TRIES ? backoff(SOON, attempts - 1, chance) : backoff(LATER, attempts - SOON_TRIES, chance);
  const rest = Math.round(now + Math.max(restMs, probeMs));
  const failed: DeliveryState = {
    ...told,
    failures,
    failedSince,
    lastError: outcome,
    restUntil: Math.max(state.restUntil, rest > now ? rest : 0),
    asked: restMs > 0 || (state.asked && state.restUntil > now),
    suspendedAt: isSustained(failures, now - failedSince, retryForMs) ? now : null,
  };
  if (now - item.since >= retryForMs) {
    return abandon({ ...failed, pending: without(failed, item) }, { ...item, attempts }, now, outcome);
  }
  const dueAt = Math.round(now + Math.max(restMs, pauseMs));
  return { ...failed, pending: failed.pending.map((one) => (one.id === item.id ? { ...one, attempts, dueAt } : one)) };
}

/** Nobody has sent what was due for so long, ms: that time counts for nothing. */
const OUTAGE_MS = 60_000;

/** The state as it would be had the time not passed in which it was due and nobody sent: what is given up was tried until then. */
export function afterOutage(state: DeliveryState, now: number, ordered: boolean): DeliveryState {
  const dueAt = nextTryAt(state, ordered);
  const lostMs = dueAt === null || state.suspendedAt !== null ? 0 : now - dueAt;
  if (lostMs < OUTAGE_MS) return state;
  const pending = state.pending.map((item) => ({
    ...item,
    since: item.since + lostMs,
    dueAt: Math.max(item.dueAt, now),
  }));
  const failedSince = state.failedSince === null ? null : state.failedSince + lostMs;
  return { ...state, pending, failedSince };
}

/** Gives up what was to be sent for too long, while nothing is taken. */
export function withoutOld(state: DeliveryState, now: number, retryForMs: number): DeliveryState {
  const { failedSince, suspendedAt, lastError, pending } = state;
  if (failedSince === null || suspendedAt !== null) return state;
  const old = pending.filter(({ since }) => now - since >= retryForMs);
  const left = { ...state, pending: pending.filter(({ since }) => now - since < retryForMs) };
  return old.reduce((sum, item) => abandon(sum, item, now, lastError ?? 'timeout'), left);
}

/** Goes on with what was suspended. That time counts for nothing. */
export function resumed(state: DeliveryState, now: number): DeliveryState {
  const { suspendedAt } = state;
  if (suspendedAt === null) return state;
  const stoodMs = Math.max(0, now - suspendedAt);
  const pending = state.pending.map((item) => ({ ...item, since: item.since + stoodMs, dueAt: now }));
  return { ...state, pending, suspendedAt: null, failures: 0, failedSince: null, restUntil: 0, asked: false };
}

/** Whether the receiver has dealt with it, for good or not. */
function isTaken(outcome: Tried['outcome']): outcome is 'acknowledged' | 'refused' | 'too_large' {
  return outcome === 'acknowledged' || outcome === 'refused' || outcome === 'too_large';
}

function isSustained(failures: number, forMs: number, retryForMs: number): boolean {
  return failures >= SUSPENDED_AFTER_TRIES && forMs >= Math.max(SUSPENDED_AFTER_MS, retryForMs);
}

function without({ pending }: DeliveryState, { id }: Pending): Pending[] {
  return pending.filter((one) => one.id !== id);
}

function abandon(
  state: DeliveryState,
  { kind, id, attempts, before }: Pending,
  now: number,
  reason: DeliveryState['abandoned'][number]['reason'],
  why: { why?: string } = {},
): DeliveryState {
  if (kind === 'gap') return state;
  const abandoned = [...state.abandoned, { eventId: id, at: now, attempts, reason, before, ...why }];
  return { ...state, abandoned: abandoned.slice(-MOST_ABANDONED_KEPT) };
}
