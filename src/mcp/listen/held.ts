/**
 * Responses that stay open: those of listeners and those of methods that answer by notifications. A process has so many at a time,
 * together with the streams of sessions, and ends them all when it ends.
 */
import { TidegateError } from '../../base/errors.ts';
import type { Principal } from '../../base/principal.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { Caller } from '../../calls/caller.ts';
import { type EventStream, openEventStream, STREAM_BOUNDS, whileServed } from '../../calls/events/event-stream.ts';
import type { PrincipalNow } from '../../calls/events/rights-watch.ts';
import { openAccount } from '../../store/counting.ts';
import type { Store } from '../../store/store.ts';

/** What a platform lets listeners do. */
export interface ListenBounds {
  /** How long a stream stays open, ms; up to a tenth less, so that those who came together do not come back together. */
  streamMs: number;
  /** Listeners of this process at a time. */
  most: number;
  /** Store calls of one listener for all of them; null: as many as it takes. */
  reads: number | null;
}

/** Who sent a request that stays open. */
export interface Sender {
  principal: Principal;
  /** Who it is by now. Null: nobody can tell. */
  now: PrincipalNow | null;
}

export interface HeldStreams {
  /**
   * @param isQuiet no comments are written, because what is told says often enough that the connection stands
   * @throws TidegateError `overloaded` where too many are open already
   */
  take(signal: AbortSignal, isQuiet?: boolean): EventStream;
  /**
   * Counts a stream of a session, which is opened elsewhere, among those that are open.
   * @returns to be called when it has ended
   * @throws TidegateError `overloaded` where too many are open already
   */
  enter(): () => void;
  /** Who calls for as long as a stream is open. */
  callerOn(stream: EventStream, principal: Principal): Caller;
  /** Resolves when its time is over, nobody reads it any more, or the process begins to end. */
  lasts(stream: EventStream): Promise<void>;
  /** After how long a client is told to come back after a cut, ms. */
  retryMs(): number;
  /** Ends all streams, so that their clients come back to another process. */
  close(): void;
}

/** When a client is told to come back after a cut, ms, and the jitter on top. */
const RETRY_MS = 1_000;
const RETRY_JITTER_MS = 4_000;

export function createHeld(runtime: Runtime, store: Store, bounds: ListenBounds): HeldStreams {
  const open = new Set<EventStream>();
  const entered = new Set<object>();

  function checkRoom(): void {
    if (open.size + entered.size >= bounds.most) throw tooMany(bounds.most);
  }

  return {
    enter() {
      checkRoom();
      const place = {};
      entered.add(place);
      return () => void entered.delete(place);
    },
    take(signal, isQuiet = false) {
      checkRoom();
      const stream = openEventStream(runtime, { ...STREAM_BOUNDS, isQuiet });
      open.add(stream);
      stream.over.addEventListener('abort', () => open.delete(stream), { once: true });
      if (signal.aborted) stream.end();
      signal.addEventListener('abort', () => stream.end(), { once: true });
      return stream;
    },
    callerOn: (stream, principal) =>
      listeningCaller(principal, openAccount(store, runtime), stream.over, runtime.now() + bounds.streamMs),
    lasts: (stream) => runtime.sleep(bounds.streamMs * (1 - runtime.random() / 10), whileServed(stream, runtime)),
    retryMs: () => Math.round(RETRY_MS + runtime.random() * RETRY_JITTER_MS),
    close() {
      for (const stream of open) stream.end();
    },
  };
}

/** Who calls for as long as it listens; it hears nothing but what it listens to. */
export function listeningCaller(
  principal: Principal,
  account: Caller['account'],
  signal: AbortSignal,
  deadline: number,
): Caller {
  const silent = { log: nothing, progress: nothing, emit: nothing };
  return { principal, account, signal, deadline, clientCapabilities: null, retry: null, meta: {}, ...silent };
}

function nothing(): void {}

function tooMany(most: number): TidegateError {
  return new TidegateError('overloaded', 'Too many listen already', {
    expected: `at most ${most} listeners of one process`,
    hint: 'poll instead, or come back later',
    retryAfterMs: 30_000,
  });
}
