/**
 * Sessions of 2025-11-25 and before: their texts (`token.ts`), and the record that stands behind a session once
 * something was asked for that has to be kept, or when it was ended. A request with a session reads it, which is one call
 * to the store more than the same request costs without one. A client that sends no session is served without.
 */
import { isAtLeast, LOG_LEVELS } from '../wire/log-levels.ts';
import * as z from 'zod';
import { TidegateError } from '../../base/errors.ts';
import type { Principal } from '../../base/principal.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { Sealer } from '../../base/seal.ts';
import type { McpLogLevel } from '../../declare/context.ts';
import { afterConflict, commitIfTaken, commitSurely } from '../../store/commit.ts';
import { createQuotas, type Quota } from '../../store/quotas/quotas.ts';
import { record } from '../../store/record.ts';
import { isPresent, type Operation, type Reading, type RecordKey, type Store } from '../../store/store.ts';
import { createSessionTokens, SERVES_MS, type SessionFacts, type SessionTokens } from './token.ts';

export type { SessionFacts } from './token.ts';

export const SESSION_HEADER = 'mcp-session-id';

/** How long what was asked for is kept after it was used last, ms. */
const KEPT_MS = 86_400_000;
/** A text that was sealed by a clock that was ahead opens for so much longer than one of now, and the record of its end stays for it. */
const SKEW_MS = 86_400_000 + 60_000;

/** Sessions that begin to be kept in an hour; a client needs one. Ends are kept for a month. */
export const NEWLY_KEPT: Quota = {
  name: 'sessions',
  of: 'sessions',
  unit: 'sessions',
  each: 2_000,
  all: 20_000,
  lastsMs: 3_600_000,
  span: 'in an hour',
  isLoose: true,
  hint: 'keep one session, instead of a new one for each message',
};

/** What is kept of a session that goes on. */
export interface KeptSession {
  /** The least level of log messages that the client wants. */
  level?: McpLogLevel | undefined;
  /** The newest stream that belongs to no request; older ones end. */
  standing?: string | undefined;
  /** The client did not answer the newest question in time. */
  silent?: true | undefined;
  /** The resources whose changes the client is told, and since when, epoch ms. */
  subscribed?: readonly Subscribed[] | undefined;
}

interface Subscribed {
  uri: string;
  at: number;
}

interface Kept extends KeptSession {
  /** The client ended the session: nothing is served to it any more. */
  ended?: true | undefined;
}

const sessionRecord = record<Kept>('session', () =>
  z.object({
    level: z.enum(LOG_LEVELS).optional(),
    standing: z.string().optional(),
    silent: z.literal(true).optional(),
    subscribed: z.array(z.object({ uri: z.string(), at: z.number() })).optional(),
    ended: z.literal(true).optional(),
  }),
);

export function sessionKey(tenant: string, id: string): RecordKey {
  return { partition: `${tenant}/session`, id };
}

export interface ClientSession extends SessionFacts {
  /** What was read of it; absent where the store was not asked. */
  reading: Reading;
  /** Null: the client did not say, and gets all log messages. */
  level: McpLogLevel | null;
  kept: KeptSession;
}

/** What a call to the store is made for, and how long it may take. */
export interface SessionCall {
  principal: Principal;
  account: { store: Store };
  /** Epoch ms. */
  deadline: number;
}

/** Errors of the store are those of `Store`. */
export interface Sessions extends SessionTokens {
  /**
   * What is kept of a session; null where it was ended.
   * @param isHarmless where the store does not answer, it counts as one of which nothing is kept: what is asked changes
   * nothing and is answered by the caller's own authority, also in a session that was ended. Default: it rejects
   */
  read(session: SessionFacts, call: SessionCall, isHarmless?: boolean): Promise<ClientSession | null>;
  /** Changes what is kept. False: the session was ended. */
  change(
    session: Pick<ClientSession, 'reading'>,
    changed: (kept: KeptSession) => KeptSession,
    call: SessionCall,
    also?: readonly Operation[],
  ): Promise<boolean>;
  /** Ends the session for as long as its texts serve. False: it was ended before. */
  end(session: SessionFacts, call: SessionCall, also?: readonly Operation[]): Promise<boolean>;
}

/** Whether a message of this level is sent to a client that asked for `least` and what is above it. */
export function isWanted(level: McpLogLevel, least: McpLogLevel | null): boolean {
  return least === null || isAtLeast(level, least);
}

export function createSessions(runtime: Runtime, sealer: Sealer): Sessions {
  const tokens = createSessionTokens(runtime, sealer);
  const quotas = createQuotas(runtime);

  /** Changes what is kept. False: the session was ended before. */
  async function keep(
    found: Reading,
    call: SessionCall,
    changed: (kept: Kept) => Kept,
    keptMs: number,
    also: readonly Operation[] = [],
  ): Promise<boolean> {
    let reading = found;
    if (!isPresent(reading)) await quotas.take(call.account.store, NEWLY_KEPT, call.principal, 1);
    for (let conflicts = 0; ; conflicts += 1) {
      const kept = sessionRecord.read(reading) ?? {};
      if (kept.ended) return false;
      if (conflicts > 1 && !(await afterConflict(runtime, conflicts, call.deadline))) throw tooMany();
      const put = sessionRecord.replace(reading, changed(kept), { expiresAt: runtime.now() + keptMs });
      const result = await commitSurely(runtime, call.account.store, [put, ...also], call.deadline);
      if (result.status === 'committed') return true;
      reading = result.conflicts[0]?.found ?? reading;
    }
  }

  return {
    ...tokens,
    async read(facts, call, isHarmless = false) {
      const key = sessionKey(call.principal.tenant, facts.id);
      const { store } = call.account;
      const now = runtime.now();
      const reading = await store.get(key, now).catch((thrown: unknown) => {
        if (!isHarmless || !(thrown instanceof TidegateError) || thrown.code !== 'store_unavailable') throw thrown;
        return absent(key);
      });
      const kept = sessionRecord.read(reading);
      if (kept?.ended) return null;
      if (kept !== null && isPresent(reading) && (reading.expiresAt ?? 0) - now < KEPT_MS / 2) {
        // Whoever wrote meanwhile has set the time anew, and where the store does not take it a later call does it.
        const put = sessionRecord.replace(reading, kept, { expiresAt: now + KEPT_MS });
        await commitIfTaken(runtime, store, [put], call.deadline, 'the time of a session is not set anew');
      }
      return { ...facts, reading, level: kept?.level ?? null, kept: kept ?? {} };
    },
    change: ({ reading }, changed, call, also) => keep(reading, call, changed, KEPT_MS, also),
    end: ({ id }, call, also) =>
      keep(absent(sessionKey(call.principal.tenant, id)), call, () => ({ ended: true }), SERVES_MS + SKEW_MS, also),
  };
}

function absent(key: RecordKey): Reading {
  return { ...key, value: null, version: null };
}

function tooMany(): TidegateError {
  return new TidegateError('store_unavailable', 'too many write to one session at once', { retryAfterMs: 1_000 });
}
