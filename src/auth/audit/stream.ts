/**
 * The stream of the audit log: append-only, bounded, and readable with `admin` alone. A host whose callers are known adds it to
 * the app; each tenant has its own.
 */
import * as z from 'zod';
import { AUDIT_ACTIONS } from '../../streams/audit.ts';
import { TidegateError } from '../../base/errors.ts';
import { ADMIN_SCOPE, readScope } from '../../base/scopes.ts';
import { DAY_MS } from '../../base/time/civil-day.ts';
import type { App } from '../../declare/app.ts';
import { extendApp } from '../../declare/check/define-app.ts';
import { type DeclaredStream, stream } from '../../declare/stream.ts';

export const AUDIT_EVENTS = 100_000;
export const AUDIT_AGE_MS = 90 * DAY_MS;
/** The second is for an app that has a stream of the first name. */
const NAMES = ['audit', 'audit_log'] as const;

export const AuditRecord = z.object({
  action: z.enum(AUDIT_ACTIONS),
  subject: z.string().nullable().describe('Who did it; null: nobody knows'),
  client: z.string().nullable().describe('With which client'),
  target: z.string().nullable().describe('The tool, feed, stream, path or key that it was about'),
  task: z.string().nullable().describe('Id of the task'),
  outcome: z.enum(['done', 'failed']),
  code: z.string().nullable().describe('Why it failed'),
  events: z.number().nullable().describe('How many events were appended'),
  bytes: z.number().nullable().meta({ unit: 'B' }).describe('Size of what was sent'),
  count: z.number().describe('Of refusals: how many there were since the last record of the same'),
});
export type AuditRecord = z.output<typeof AuditRecord>;

const AUDIT = stream({
  title: 'Audit log',
  description:
    'Who did what with which effect: calls, tasks, pushes, keys, logins and refusals. Never what was sent or answered',
  schema: AuditRecord,
  retention: { events: AUDIT_EVENTS, ageMs: AUDIT_AGE_MS },
  tenants: 'each',
});

/** Whether a stream is the audit log, which nobody may write or remove from. */
export function isAuditLog({ declaration }: Pick<DeclaredStream, 'declaration'>): boolean {
  return declaration === AUDIT;
}

export function auditLogOf(app: Pick<App, 'streams'>): DeclaredStream | null {
  return [...app.streams.values()].find(isAuditLog) ?? null;
}

/** The scope to read a stream. `streams:read` does not reach the audit log. */
export function scopeToRead(stream: Pick<DeclaredStream, 'declaration' | 'name'>): string {
  return isAuditLog(stream) ? ADMIN_SCOPE : readScope(stream.name);
}

/**
 * The app with the audit log; the same app where it has one.
 * @throws TidegateError `invalid_config` where both names are taken
 */
export function withAuditLog(app: App): App {
  if (auditLogOf(app) !== null) return app;
  const name = NAMES.find((each) => !app.streams.has(each));
  if (name !== undefined) return extendApp(app, { streams: { [name]: AUDIT } });
  const expected = `one of the names ${NAMES.join(' and ')} to be free for the audit log`;
  throw new TidegateError('invalid_config', `streams: expected ${expected}`, { field: 'streams', expected });
}
