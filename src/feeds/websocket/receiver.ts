/**
 * What is heard on one connection: messages in order, without those that are no items, until it is lost or falls silent.
 * It sends nothing.
 */
import type { BurstContext } from '../../declare/feed.ts';
import { CAPACITY_BYTES, type Inbox, type Dropped } from './inbox.ts';
import { closedBy, type Disconnect, silence, subscriptionRefused, unanswered } from './disconnect.ts';
import { messageMatcher } from './message-test.ts';
import type { WebSocketSettings } from './spec.ts';
import { type Decoded, decodeMessage } from './payload.ts';

export interface Received {
  units: Decoded[];
  /** Epoch ms at which the last message came that was looked at for this; null: none was. */
  heardAt: number | null;
  /** Messages that there was no room for: behind `units`, or with `drop-oldest` before them. */
  lost: Dropped | null;
  /** Set when nothing more will come behind `units`. */
  loss: Disconnect | null;
}

export interface Receiver {
  /** Waits for the message that says that the subscription stands, where one is declared; null: it came. */
  acknowledgement(): Promise<Disconnect | null>;
  /** What came; nothing after `waitMs`, or when the burst is over. */
  receive(waitMs: number): Promise<Received>;
  /** A heartbeat was sent. */
  beaten(): void;
  /** Nobody listened until now, so the silence before does not count. */
  resume(): void;
}

/** What is worked off at once. */
const PORTION = { messages: 500, bytes: 512 * 1024 };

export function createReceiver(settings: WebSocketSettings, context: BurstContext, inbox: Inbox): Receiver {
  const { idleMs = null, heartbeat } = settings;
  const expectMs = heartbeat?.expectMs ?? null;
  const now = () => context.now();
  const isAcknowledgement = messageMatcher(settings.acknowledged);
  const isRefusal = messageMatcher(settings.refused);
  const isIgnored = messageMatcher(settings.ignore);
  /** Units that came before the acknowledgement. */
  let early: Decoded[] = [];
  let earlyBytes = 0;
  let acknowledged = settings.acknowledged === undefined;
  let listensSince = now();
  /** Epoch ms of the first heartbeat since the last message. */
  let beatenAt: number | null = null;

  /** What of the oldest messages are items; what is said by the others. */
  function portion(): { units: Decoded[]; heardAt: number | null; refused: boolean } {
    const units: Decoded[] = [];
    let refused = false;
    const arrivals = inbox.take(PORTION);
    for (const unit of arrivals.flatMap((arrival) => decodeMessage(arrival, settings))) {
      if (unit.invalid) units.push(unit);
      else if (isRefusal(unit.value)) refused = true;
      else if (isAcknowledgement(unit.value)) acknowledged = true;
      else if (!isIgnored(unit.value)) units.push(unit);
    }
    return { units, heardAt: arrivals.at(-1)?.at ?? null, refused };
  }

  /** When the silence is a stall, and by which option; Infinity: never. */
  function stall(): [at: number, ms: number, field: string] {
    const since = Math.max(inbox.lastAt() ?? 0, listensSince);
    const idleAt = idleMs === null ? Number.POSITIVE_INFINITY : since + idleMs;
    const unanswered = expectMs !== null && beatenAt !== null && (inbox.lastAt() ?? 0) < beatenAt;
    const expectedAt = unanswered ? Math.max(beatenAt ?? 0, listensSince) + expectMs : Number.POSITIVE_INFINITY;
    return expectedAt < idleAt ? [expectedAt, expectMs ?? 0, 'heartbeat.expectMs'] : [idleAt, idleMs ?? 0, 'idleMs'];
  }

  function isOver(code: number | null): Disconnect | null {
    if (code !== null) return closedBy(code, settings);
    const [at, ms, field] = stall();
    return now() >= at ? silence(ms, field, settings) : null;
  }

  /** Waits until something may have happened, `until` at the longest. */
  function wait(until: number): Promise<void> {
    // A heartbeat that is sent meanwhile begins to be waited for.
    const look = expectMs === null ? Number.POSITIVE_INFINITY : now() + expectMs;
    return inbox.wait(Math.min(until, stall()[0], look) - now());
  }

  return {
    async acknowledgement() {
      const until = now() + settings.answerMs;
      while (!acknowledged) {
        const { units, heardAt, refused } = portion();
        if (refused) return subscriptionRefused(settings);
        early.push(...units);
        for (const { bytes } of units) earlyBytes += bytes;
        if (heardAt !== null && earlyBytes < CAPACITY_BYTES) continue;
        if (inbox.closed() !== null) return closedBy(inbox.closed() ?? 0, settings);
        if (now() >= until || earlyBytes >= CAPACITY_BYTES || context.signal.aborted)
          return unanswered('the subscription', settings);
        await inbox.wait(until - now());
      }
      return null;
    },
    async receive(waitMs) {
      const until = now() + waitMs;
      for (;;) {
        const found = portion();
        const units = early.length === 0 ? found.units : [...early, ...found.units];
        early = [];
        const lost = settings.overflow === 'drop-oldest' || inbox.isEmpty() ? inbox.lost() : null;
        if (units.length > 0 || found.heardAt !== null || found.refused || lost) {
          const loss = found.refused ? subscriptionRefused(settings) : null;
          return { units, heardAt: found.heardAt ?? units.at(-1)?.at ?? null, lost, loss };
        }
        const loss = isOver(inbox.closed());
        if (loss || now() >= until || context.signal.aborted) return { units: [], heardAt: null, lost: null, loss };
        await wait(until);
      }
    },
    beaten() {
      if (beatenAt === null || (inbox.lastAt() ?? 0) >= beatenAt) beatenAt = now();
    },
    resume() {
      listensSince = now();
    },
  };
}
