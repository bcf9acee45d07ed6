/**
 * The stream of a session that belongs to no request (GET): what is kept for it, and what sources tell while it is open. There is
 * one for a session, over all instances: the newest, since an older one is mostly a connection that its client has lost. It is cut
 * at the platform's bound, and its client comes back.
 */
import { sentJson } from '../../base/json.ts';
import type { JSONRPCNotification } from '@modelcontextprotocol/server';
import { TidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import { REPLAYED_MS } from '../../calls/changes/listening.ts';
import { openEventStream, whileServed } from '../../calls/events/event-stream.ts';
import { haveRightsChanged, type PrincipalNow } from '../../calls/events/rights-watch.ts';
import { type AnswerDeps, PRIMED_SINCE, RETRY_MS } from './answer-stream.ts';
import { BEGINNING, type EventId, eventIdText, STANDING } from './event-ids.ts';
import { cutForNow, type Following } from './resumed.ts';
import type { ClientSession, SessionCall, Sessions } from './sessions.ts';
import { boundReads, type StreamReads } from './stream-reads.ts';

/** What a source tells to. */
interface Attended {
  session: ClientSession;
  call: SessionCall;
  /** When the client may have been told last, epoch ms: what changed from then on is told. */
  since: number;
  /** Aborts when the stream ends. */
  signal: AbortSignal;
  /** Store calls that all sources of the stream may make. */
  reads: StreamReads;
  /** Resolves when it is taken: a source that waits for it holds nothing for a slow reader. */
  tell: (notification: JSONRPCNotification) => Promise<void>;
}

/** Of a source that looks at nothing of a session but what is kept of it. */
export interface KeptSource {
  attend(to: Omit<Attended, 'session'> & { session: Pick<ClientSession, 'kept'> }): {
    changed(session: Pick<ClientSession, 'kept'>): void;
  };
}

/** Tells the clients of standing streams of something. It must not throw. */
export interface StandingSource {
  attend(to: Attended): {
    /** What is kept of the session may have changed. */
    changed(session: ClientSession): void;
  };
}

interface StandingDeps extends AnswerDeps {
  sessions: Sessions;
  sources: readonly StandingSource[];
}

/** A client whose stream was taken over waits so long before it takes it back, ms. */
const TAKEN_OVER_RETRY_MS = 30_000;
/** How long the stream goes without a look at the store, ms. */
const EVERY_MS = 60_000;
/**
 * What changed so long before an event that its client has may have been told behind that event, and be lost with the connection,
 * ms: others change while nobody looks, wait for their turn, and have clocks of their own.
 */
const TOLD_WITHIN_MS = 30_000;

/** A client that does not say where it was cut is told of as much as every listener that comes. */
function sinceOf(from: EventId | null, { now }: Pick<Runtime, 'now'>): number {
  return from === null ? now() - REPLAYED_MS : Math.min(from.by, now()) - TOLD_WITHIN_MS;
}

/**
 * @param from where the client was cut; null: it says nothing, and is sent all that is kept
 * @param now who it is by then; null: nobody can tell
 */
export async function stand(
  { runtime, sessions, kept, hints, sources, reads: most }: StandingDeps,
  session: ClientSession,
  from: EventId | null,
  call: SessionCall,
  until: number,
  now: PrincipalNow | null = null,
): Promise<Following> {
  const { tenant } = call.principal;
  const me = runtime.newId();
  const isPrimed = session.version >= PRIMED_SINCE;
  const isClaimed = await claim();
  const stream = openEventStream(runtime);
  const reads = boundReads(most, cut);
  let place = from?.place ?? BEGINNING;
  let writtenAt = from?.by ?? 0;
  const attending = { session, call, signal: stream.over, since: sinceOf(from, runtime), reads, tell };
  const told = sources.map((source) => source.attend(attending));

  /** No two events of a session have one id. */
  function idNow(): string {
    writtenAt = Math.max(runtime.now(), writtenAt + 1);
    return eventIdText({ stream: STANDING, place, by: writtenAt, request: null });
  }

  /** False: too many sessions are kept already, and this one goes on without a place in the store. */
  async function claim(): Promise<boolean> {
    try {
      await sessions.change(session, (before) => ({ ...before, standing: me }), call, hints.told(tenant, session.id));
      await hints.trim(call.account.store, tenant);
      return true;
    } catch (thrown) {
      if (!(thrown instanceof TidegateError) || thrown.code !== 'rate_limited') throw thrown;
      return false;
    }
  }

  function tell(notification: JSONRPCNotification): Promise<void> {
    stream.write({ id: idNow(), data: sentJson(notification) });
    return stream.taken();
  }

  async function look(): Promise<boolean> {
    const callNow = { ...call, deadline: runtime.now() + EVERY_MS };
    reads.left -= 2;
    const [found, messages] = await Promise.all([
      sessions.read(session, callNow),
      kept.read(session.id, STANDING, place, callNow),
    ]);
    if (found === null) {
      stream.end();
      return true;
    }
    if (isClaimed && found.kept.standing !== undefined && found.kept.standing !== me) {
      stream.end({ data: '', retryMs: TAKEN_OVER_RETRY_MS });
      return true;
    }
    for (const each of messages) {
      ({ place } = each);
      stream.write({ id: idNow(), data: sentJson(each.message) });
    }
    for (const each of told) each.changed(found);
    return false;
  }

  function cut(): void {
    cutForNow(stream, runtime, isPrimed ? { id: idNow() } : {});
  }

  async function follow(): Promise<void> {
    const { store } = call.account;
    const signal = whileServed(stream, runtime);
    const listener = { store, deadline: until, signal, everyMs: EVERY_MS, reads, look };
    const end = await hints.follow(tenant, session.id, listener);
    if (end === 'time' || signal.aborted) cut();
  }

  /** Its client comes back, and is refused, or told what it may hear of then. */
  async function cutWithRights(): Promise<void> {
    if (await haveRightsChanged(runtime, stream.over, call.principal, now)) cut();
  }

  if (isPrimed) stream.write({ id: idNow(), data: '', retryMs: RETRY_MS });
  void cutWithRights();
  return { response: stream.response, ended: follow() };
}
