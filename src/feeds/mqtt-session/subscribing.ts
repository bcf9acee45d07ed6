/**
 * Subscribes for a burst, and asks the broker for its retained messages at the right time: once what it kept for us has
 * come, so that a retained message is compared with all that was published before it. In every burst all filters are
 * subscribed to, because a killed process may have left a session with only some of its subscriptions.
 */
import { TidegateError } from '../../base/errors.ts';
import type { Connection } from './dial.ts';
import type { MqttSettings } from './settings.ts';
import { type Route } from './item.ts';
import type { MqttPosition } from './position.ts';
import type { RetainedMemory } from './retained.ts';
import { withoutCovered } from './topic.ts';

/** A silence of this time says that the broker has sent what it had to send, ms. */
const QUIET_MS = 100;
/** The longest wait for such a silence, ms. */
const MOST_WAIT_MS = 2_000;

interface Subscribing {
  /** Filters that the session is subscribed to. */
  filters: readonly string[];
  /** Longest wait for messages until `advance` is called again, ms; Infinity when nothing more is to be done. */
  waitMs(): number;
  /** Takes the next step if it is due. `quiet`: no message came in the time that was waited. */
  advance(quiet: boolean): Promise<void>;
  /** Whether the broker has sent all that it retains. */
  isComplete(): boolean;
}

/** @param earlier the position of the last burst; null if the broker no longer has its session */
export async function subscribe(
  { session, protocol }: Connection,
  settings: MqttSettings,
  routes: readonly Route[],
  earlier: MqttPosition | null,
  retained: RetainedMemory,
  now: () => number,
): Promise<Subscribing> {
  const { qos, idleMs, answerMs } = settings;
  const declared = routes.map(({ filter }) => filter);
  const filters = session.identifies ? [...new Set(declared)] : withoutCovered(declared);
  let without = earlier?.filters.filter((filter) => !filters.includes(filter)) ?? [];
  const quietMs = Math.min(QUIET_MS, idleMs / 2);
  let phase: 'draining' | 'asking' | 'listening' = 'draining';
  let since = now();

  async function grant(asks: boolean): Promise<void> {
    await session.subscribe(filters, { qos, without, asks });
    without = [];
  }

  async function ask(): Promise<void> {
    retained.ask();
    await grant(true);
    phase = 'asking';
    since = now();
  }

  // MQTT 3.1.1 knows no subscription that does not ask, so one that stands is left as it is at first.
  const stands = earlier !== null && filters.every((filter) => earlier.filters.includes(filter));
  if (session.present && protocol === 5) await grant(false);
  else if (!session.present || !stands) await ask();
  await session.granted();
  since = now();

  return {
    filters,
    waitMs: () => (phase === 'listening' ? Infinity : quietMs),
    async advance(quiet) {
      if (phase === 'listening') return;
      if (!session.isGranted()) {
        if (now() - since < answerMs) return;
        throw new TidegateError('upstream', `the broker sent no SUBACK in ${answerMs} ms`);
      }
      if (!quiet && now() - since < MOST_WAIT_MS) return;
      if (phase === 'draining') return ask();
      phase = 'listening';
      retained.complete();
      if (session.identifies) await grant(false);
    },
    isComplete: () => phase === 'listening',
  };
}
