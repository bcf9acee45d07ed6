/** Takes the lease of a subscription whose deliveries are due, and writes under it what became of them. */
import { commitSurely } from '../../store/commit.ts';
import { isPresent, type Operation, type Reading, type Version } from '../../store/store.ts';
import type { DeliveryDeps } from '../records/deps.ts';
import { DELIVERY_QUEUE, deliveryKey, subscriptionKey, type SubscriptionName, wakeKey } from '../records/names.ts';
import { deliveryWake, type Subscribed, subscribed } from '../records/subscribed.ts';
import { deliveryState, type DeliveryState, isLeasedState } from '../records/state.ts';

/** How long it is ours, ms. It is renewed after each batch, and a batch takes 10 s and a little. */
export const DELIVERY_LEASE_MS = 30_000;

/** A wake of one that somebody else works on is looked at again after this, ms: nobody else would once that one is done. */
export const HELD_MS = 1_000;

/** A subscription as it was read, before anybody has its lease. */
interface DueDelivery {
  name: SubscriptionName;
  definition: Subscribed;
  definitionVersion: Version;
  state: DeliveryState;
  stateVersion: Version;
  wake: Reading;
}

/** A subscription that is ours until `state.until`, unless its record moves on. What was written last stands in it. */
export interface Claimed extends Omit<DueDelivery, 'wake'> {
  holder: string;
  leaseMs: number;
}

/** `gone`: nothing is subscribed. `held`: another sends for it. `waiting`: nothing is due. */
export type NotDue = 'gone' | 'held' | 'waiting';

/** One store call, and one more where somebody else is at work. */
export async function lookAtDelivery(
  { store, runtime }: DeliveryDeps,
  name: SubscriptionName,
  deadline: number,
): Promise<DueDelivery | NotDue> {
  const now = runtime.now();
  const [defined, stated, wake] = await store.getMany([subscriptionKey(name), deliveryKey(name), wakeKey(name)], now);
  const state = stated ? deliveryState.read(stated) : null;
  if (!defined || !stated || !wake || state === null || !isPresent(stated)) return 'gone';
  if (isLeasedState(state, now)) {
    await putOff({ store, runtime }, wake, Math.min(state.until, now + HELD_MS), deadline);
    return 'held';
  }
  const definition = subscribed.read(defined);
  if (definition === null || !isPresent(defined)) return 'gone';
  if (!isPresent(wake) && (stated.due === null || stated.due.at > now)) return 'waiting';
  return { name, definition, definitionVersion: defined.version, state, stateVersion: stated.version, wake };
}

/** A wake that comes while somebody is at work is for whoever comes next. Meanwhile nobody finds it over and over. */
async function putOff(
  { store, runtime }: Pick<DeliveryDeps, 'store' | 'runtime'>,
  wake: Reading,
  until: number,
  deadline: number,
): Promise<void> {
  if (!isPresent(wake) || wake.due === null || wake.due.at > runtime.now()) return;
  const due = { queue: DELIVERY_QUEUE, at: until };
  await commitSurely(runtime, store, [deliveryWake.replace(wake, 1, { due })], deadline);
}

/** Null: another was faster. What was woken for is read after this. One store call. */
export async function takeDelivery(
  { store, runtime }: DeliveryDeps,
  { wake, ...candidate }: DueDelivery,
  deadline: number,
  leaseMs: number,
): Promise<Claimed | null> {
  const holder = runtime.newId();
  const until = runtime.now() + leaseMs;
  const state = { ...candidate.state, holder, until };
  const due = { queue: DELIVERY_QUEUE, at: until };
  const put = deliveryState.put(deliveryKey(candidate.name), state, { expects: candidate.stateVersion, due });
  const operations: Operation[] = [put];
  if (isPresent(wake)) {
    const { partition, id, version } = wake;
    operations.push({ kind: 'delete', partition, id, expects: version });
  }
  const result = await commitSurely(runtime, store, operations, deadline);
  return result.status === 'conflict' ? null : { ...candidate, state, stateVersion: result.version, holder, leaseMs };
}

/**
 * Writes the state, and renews the lease or gives it up until `dueAt`. It says what is subscribed by now: somebody may have
 * refreshed it. `gone`: it was ended. `lost`: another has the lease, and what we did it will do again.
 */
export async function keepDelivery(
  { store, runtime }: DeliveryDeps,
  claimed: Claimed,
  state: DeliveryState,
  dueAt: number | null | 'renew',
  deadline: number,
): Promise<Claimed | 'gone' | 'lost'> {
  let { definition, definitionVersion } = claimed;
  for (;;) {
    const renewed = runtime.now() + claimed.leaseMs;
    const lease = dueAt === 'renew' ? { holder: claimed.holder, until: renewed } : { holder: null, until: 0 };
    const at = dueAt === 'renew' ? renewed : dueAt;
    const next = { ...state, ...lease };
    const due = at === null ? null : { queue: DELIVERY_QUEUE, at };
    const key = subscriptionKey(claimed.name);
    const operations: Operation[] = [
      deliveryState.put(deliveryKey(claimed.name), next, { expects: claimed.stateVersion, due }),
      { kind: 'check', ...key, expects: definitionVersion },
    ];
    const result = await commitSurely(runtime, store, operations, deadline);
    if (result.status === 'committed') {
      return { ...claimed, definition, definitionVersion, state: next, stateVersion: result.version };
    }
    if (result.conflicts.some(({ operation }) => operation === 0)) return 'lost';
    const found = await store.get(key, runtime.now());
    const now = subscribed.read(found);
    if (now === null || !isPresent(found)) return 'gone';
    [definition, definitionVersion] = [now, found.version];
  }
}
