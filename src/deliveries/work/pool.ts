/**
 * Turns for many subscriptions at once, so that receivers that hang delay no other. A turn begins in one of a few places. One that
 * takes long gives its place up and goes on beside, where there is room for many; only where that is full too, others wait.
 */
import { asTidegateError } from '../../base/errors.ts';
import type { DueRecord } from '../../store/store.ts';
import { workOnDue } from '../../store/due.ts';
import type { DeliveryDeps } from '../records/deps.ts';
import { deliveryKey, nameOfDue, type SubscriptionName, wakeKey } from '../records/names.ts';
import { takeDeliveryTurn, type TurnReport } from './turn.ts';

export interface PoolOptions {
  /** Places for turns; default 64. */
  concurrency?: number | undefined;
  /** Turns under way in all; default 1,000. */
  most?: number | undefined;
  signal?: AbortSignal | undefined;
  /** As in `DeliveryTurnOptions`. */
  leaseMs?: number | undefined;
}

export interface TurnEnded {
  end: TurnReport['end'] | 'failed' | 'newer';
  nextAt: number | null;
}

interface DeliveryPool {
  /** Whether a turn for it is under way here. */
  has(name: SubscriptionName): boolean;
  /**
   * Takes a turn once there is a place, and resolves when it has ended. Another one for the same subscription follows the one that
   * is under way. Does not reject: what fails is in the log.
   * @param tell is told how it ended before its place is free, so that who sees no turn any more knows of all
   */
  take(name: SubscriptionName, deadline: number, tell: (ended: TurnEnded) => void): Promise<void>;
  /** Whether its owner may have one more turn under way: receivers of one owner that take long leave room for all others. */
  hasShare(name: SubscriptionName): boolean;
  /** Resolves when a turn can begin at once. */
  room(): Promise<void>;
  underWay(): number;
  /** How many of them have a place. */
  placed(): number;
  /** Resolves when the next one has given up its place, or has ended. */
  oneLeft(): Promise<void>;
  /** Resolves when all have ended. */
  drain(): Promise<void>;
}

/** One owner has this part of all turns under way at most. */
const SHARE = 1 / 4;
/** A turn that takes longer gives up its place, ms. */
const PLACE_MS = 250;

export function createDeliveryPool(deps: DeliveryDeps, options: PoolOptions = {}): DeliveryPool {
  const { concurrency = 64, most = 1_000, signal, leaseMs } = options;
  const own = { ...(signal ? { signal } : {}), ...(leaseMs === undefined ? {} : { leaseMs }) };
  const { runtime } = deps;
  const turns = new Map<string, Promise<unknown>>();
  const ofOwners = new Map<string, number>();
  /** Who waits for a place, in the order in which they came. Who takes it has it when it is told, so nobody comes between. */
  const waiting: { takes: boolean; go: () => void }[] = [];
  let leaving: (() => void)[] = [];
  let placed = 0;

  const isFree = () => placed < concurrency && turns.size < most + concurrency;
  function next(): void {
    const told = leaving;
    leaving = [];
    for (const tell of told) tell();
    while (isFree()) {
      const first = waiting.shift();
      if (first === undefined) return;
      if (first.takes) placed += 1;
      first.go();
    }
  }

  async function wait(takes: boolean): Promise<void> {
    if (isFree() && waiting.length === 0) {
      if (takes) placed += 1;
      return;
    }
    await new Promise<void>((resolve) => waiting.push({ takes, go: resolve }));
  }

  function count(name: SubscriptionName, change: 1 | -1): void {
    const owner = ownerOf(name);
    const standing = (ofOwners.get(owner) ?? 0) + change;
    if (standing > 0) ofOwners.set(owner, standing);
    else ofOwners.delete(owner);
  }

  async function place(): Promise<() => void> {
    await wait(true);
    let isLeft = false;
    const over = new AbortController();
    const leave = () => {
      if (isLeft) return;
      isLeft = true;
      placed -= 1;
      over.abort();
      next();
    };
    void runtime.sleep(PLACE_MS, over.signal).then(leave);
    return leave;
  }

  async function run(name: SubscriptionName, deadline: number, tell: (ended: TurnEnded) => void): Promise<void> {
    const leave = await place();
    try {
      const work = () => takeDeliveryTurn(deps, name, { deadline, ...own });
      const report = await workOnDue(deps, [deliveryKey(name), wakeKey(name)], deadline, work);
      tell(report === 'newer' ? { end: report, nextAt: null } : report);
    } catch (thrown) {
      const { code, message } = asTidegateError(thrown);
      runtime.log('warn', 'a delivery is not worked on; it is tried again', { id: name.id, code, message });
      tell({ end: 'failed', nextAt: null });
    } finally {
      leave();
    }
  }

  return {
    hasShare: (name) => (ofOwners.get(ownerOf(name)) ?? 0) < Math.max(1, most * SHARE),
    has: (name) => turns.has(textOf(name)),
    take(name, deadline, tell) {
      const text = textOf(name);
      const before = turns.get(text) ?? Promise.resolve();
      count(name, 1);
      const turn = before
        .then(() => run(name, deadline, tell))
        .finally(() => {
          count(name, -1);
          if (turns.get(text) === turn) turns.delete(text);
          next();
        });
      turns.set(text, turn);
      return turn;
    },
    room: () => wait(false),
    underWay: () => turns.size,
    placed: () => placed,
    oneLeft: () => new Promise((resolve) => leaving.push(resolve)),
    async drain() {
      while (turns.size > 0) await Promise.allSettled(turns.values());
    },
  };
}

/** The subscriptions of due records, each once, in their order. */
export function namesOfDue(due: readonly DueRecord[]): SubscriptionName[] {
  return [...new Map(due.map((record) => [textOf(nameOfDue(record)), nameOfDue(record)])).values()];
}

function textOf({ tenant, subject, id }: SubscriptionName): string {
  return `${tenant}/${subject}/${id}`;
}

function ownerOf({ tenant, subject }: SubscriptionName): string {
  return `${tenant}/${subject}`;
}
