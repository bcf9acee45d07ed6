/**
 * The two streams of the audit log: what was done, and what was refused or failed. They are append-only, bounded, and readable
 * with `admin` alone. They stand apart so that nobody who is refused, however often, pushes out what was done. A host whose
 * callers are known adds them to the app; each tenant has its own.
 */
import * as z from 'zod';
import { AUDIT_ACTIONS } from '../../streams/audit.ts';
import { TidegateError } from '../../base/errors.ts';
import { ADMIN_SCOPE, readScope } from '../../base/scopes.ts';
import { DAY_MS } from '../../base/time/civil-day.ts';
import type { App } from '../../declare/app.ts';
import { extendApp } from '../../declare/check/define-app.ts';
import { type DeclaredStream, stream } from '../../declare/stream.ts';

const AUDIT_EVENTS = 100_000;
export const AUDIT_AGE_MS = 90 * DAY_MS;
/** The second pair is for an app that has a stream of one of the first names. */
const NAMES = [
  ['audit', 'audit_failed'],
  ['audit_log', 'audit_log_failed'],
] as const;

export const AuditRecord = z.object({
  action: z.enum(AUDIT_ACTIONS),
  subject: z.string().nullable().describe('Who did it; null: nobody knows'),
  client: z.string().nullable().describe('With which client'),
  target: z.string().nullable().describe('The tool, feed, stream, path or key that it was about'),
  task: z.string().nullable().describe('Id of the task'),
  outcome: z.enum(['done', 'failed']),
  code: z.string().nullable().describe('Why it failed'),
  events: z.number().nullable().describe('How many events were appended or removed'),
  bytes: z.number().nullable().meta({ unit: 'B' }).describe('Size of what was sent'),
  count: z
    .number()
    .describe('How many there were, those among them that were not written since the last record of the same'),
});
export type AuditRecord = z.output<typeof AuditRecord>;

const KEPT = {
  schema: AuditRecord,
  retention: { events: AUDIT_EVENTS, ageMs: AUDIT_AGE_MS },
  tenants: 'each',
} as const;

const DONE = stream({
  ...KEPT,
  title: 'Audit log',
  description: 'Who did what: calls, tasks, pushes, keys and logins. Never what was sent or answered',
});

const FAILED = stream({
  ...KEPT,
  title: 'Audit log of what failed',
  description: 'Who was refused or failed, at what and why, sampled. Never what was sent or answered',
});

/** Whether a stream is one of the audit log, which nobody may write or remove from. */
export function isAuditLog({ declaration }: Pick<DeclaredStream, 'declaration'>): boolean {
  return declaration === DONE || declaration === FAILED;
}

/** Names of the streams. */
export interface AuditStreams {
  done: string;
  /** Of what was refused or failed. */
  failed: string;
}

/** Null: the app has no audit log. */
export function auditLogOf(app: Pick<App, 'streams'>): AuditStreams | null {
  const streams = [...app.streams.values()];
  const done = streams.find(({ declaration }) => declaration === DONE);
  const failed = streams.find(({ declaration }) => declaration === FAILED);
  return done && failed ? { done: done.name, failed: failed.name } : null;
}

/** The scope to read a stream. `streams:read` does not reach the audit log. */
export function scopeToRead(stream: Pick<DeclaredStream, 'declaration' | 'name'>): string {
  return isAuditLog(stream) ? ADMIN_SCOPE : readScope(stream.name);
}

/**
 * The app with the audit log; the same app where it has one.
 * @throws TidegateError `invalid_config` where of both pairs a name is taken
 */
export function withAuditLog(app: App): App {
  if (auditLogOf(app) !== null) return app;
  const [done, failed] = NAMES.find((pair) => !pair.some((name) => app.streams.has(name))) ?? [];
  if (done !== undefined && failed !== undefined)
    return extendApp(app, { streams: { [done]: DONE, [failed]: FAILED } });
  const expected = `the names ${NAMES.map((pair) => pair.join(' and ')).join(', or ')} to be free for the audit log`;
  throw new TidegateError('invalid_config', `streams: expected ${expected}`, { field: 'streams', expected });
}
