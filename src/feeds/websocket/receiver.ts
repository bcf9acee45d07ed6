/**
 * Receives on one connection: answers its messages in order, until the connection is lost or silent for too long. Those that are
 * no items are left out, or marked where their sequences count. It sends nothing.
 */
import type { BurstContext } from '../../declare/feed.ts';
import { quoted } from '../kit/said.ts';
import { type Arrival, CAPACITY_BYTES, type SocketClose, type Dropped, excerptOf, type Inbox } from './inbox.ts';
import { closedBy, type Disconnect, silence, subscriptionRefused, unanswered } from './disconnect.ts';
import { type MessageMatcher, messageMatcher } from '../kit/message-test.ts';
import type { WebSocketSettings } from './spec.ts';
import { type Decoded, decodeMessage } from './payload.ts';

export interface Received {
  /** Those that are no items are among them where the feed has a `sequence`. */
  units: Decoded[];
  /** Epoch ms at which the last of the messages came that were read for this answer; null where there were none. */
  heardAt: number | null;
  /** Messages that were dropped: they came behind `units`, or with `drop-oldest` before them. */
  lost: Dropped | null;
  /** Why nothing more will come behind `units`; null while the connection is open. */
  loss: Disconnect | null;
}

export interface Receiver {
  /** Waits for the message that confirms the subscription, where one is declared; null when it came. */
  acknowledgement(): Promise<Disconnect | null>;
  /** Answers what came. It answers nothing after `waitMs`, or when the burst is over. */
  receive(waitMs: number): Promise<Received>;
  /** Notes that a heartbeat was sent. */
  beaten(): void;
  /** Starts the count of silence anew, because nobody called `receive` until now. */
  resume(): void;
  /** The message that came last, of whatever kind, as `quoted` shows it; empty where none came. */
  said(): string;
}

/** A message that could not be decoded fits by its text alone. */
function fits({ matches, matchesText }: MessageMatcher, { value, invalid }: Decoded): boolean {
  return invalid ? typeof value === 'string' && matchesText(value) : matches(value);
}

/** What is read from the inbox at once. */
const PORTION = { messages: 500, bytes: 512 * 1024 };

/** @param secrets what is sent to the server and never shown */
export function createReceiver(
  settings: WebSocketSettings,
  context: BurstContext,
  inbox: Inbox,
  secrets: readonly string[],
): Receiver {
  const { idleMs = null, heartbeat } = settings;
  const expectMs = heartbeat?.expectMs ?? null;
  const now = () => context.now();
  const acknowledgement = messageMatcher(settings.acknowledged);
  const refusal = messageMatcher(settings.refused);
  const ignored = messageMatcher(settings.ignore);
  /** Units that came before the acknowledgement. */
  let early: Decoded[] = [];
  let earlyBytes = 0;
  let acknowledged = settings.acknowledged === undefined;
  let listensSince = now();
  let latest: Arrival | null = null;
  /** Epoch ms of the first heartbeat since the last message. */
  let beatenAt: number | null = null;

  /** Reads the oldest messages, and understands those that are no items. */
  function portion(): { units: Decoded[]; heardAt: number | null; refused: boolean } {
    const units: Decoded[] = [];
    let refused = false;
    const arrivals = inbox.take(PORTION);
    for (const unit of arrivals.flatMap((arrival) => decodeMessage(arrival, settings))) {
      const [refuses, acknowledges] = [fits(refusal, unit), fits(acknowledgement, unit)];
      if (refuses) refused = true;
      else if (acknowledges) acknowledged = true;
      if (!refuses && !acknowledges && !fits(ignored, unit)) units.push(unit);
      else if (settings.sequence !== undefined) units.push({ ...unit, ignored: true });
    }
    latest = arrivals.at(-1) ?? latest;
    return { units, heardAt: arrivals.at(-1)?.at ?? null, refused };
  }

  /** When the silence is too long, and by which option; Infinity for never. */
  function stall(): [at: number, ms: number, field: string] {
    const since = Math.max(inbox.lastAt() ?? 0, listensSince);
    const idleAt = idleMs === null ? Number.POSITIVE_INFINITY : since + idleMs;
    const unanswered = expectMs !== null && beatenAt !== null && (inbox.lastAt() ?? 0) < beatenAt;
    const expectedAt = unanswered ? Math.max(beatenAt ?? 0, listensSince) + expectMs : Number.POSITIVE_INFINITY;
    return expectedAt < idleAt ? [expectedAt, expectMs ?? 0, 'heartbeat.expectMs'] : [idleAt, idleMs ?? 0, 'idleMs'];
  }

  function isOver(closing: SocketClose | null): Disconnect | null {
    if (closing !== null) return closedBy(closing, settings, secrets);
    const [at, ms, field] = stall();
    return now() >= at ? silence(ms, field, settings) : null;
  }

  /** Waits until something may have happened, but not longer than until `until`. */
  function wait(until: number): Promise<void> {
    // A heartbeat may be sent meanwhile, and its answer is then expected.
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
        const closing = inbox.closed();
        if (closing !== null) return closedBy(closing, settings, secrets);
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
    said: () => (latest === null ? '' : quoted(excerptOf(latest.data), secrets)),
  };
}
