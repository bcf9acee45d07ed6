/**
 * What the rest of the code tells the audit log: who did what, to what, with which effect. It is never told what was sent or
 * answered: names, ids, sizes and codes alone. `auth/audit` keeps it. Types alone.
 */
import type { Principal } from '../base/principal.ts';

export const AUDIT_ACTIONS = [
  /** A tool that may change something was called. */
  'call',
  /** A task was requested. */
  'task',
  /** A task's question was answered. */
  'answer',
  /** A task was asked to end. */
  'cancel',
  /** A message was published through a feed, or tried to be. */
  'publish',
  /** Events were pushed to a stream. */
  'push',
  /** A handler removed events from a stream. */
  'remove',
  /** Somebody subscribed to deliveries of an event, or refreshed that. */
  'subscribe',
  'unsubscribe',
  'key_made',
  'key_revoked',
  /** An operator changed something, by a command or by a tool. */
  'operate',
  'login',
  'logout',
  /** A request was refused for who sent it, or for what its sender may do. */
  'refused',
] as const;

export interface AuditEntry {
  action: (typeof AUDIT_ACTIONS)[number];
  /** The tool, feed, stream, path or key that it was about. */
  target: string | null;
  /** Id of the task that was begun, answered or cancelled. */
  task?: string | null;
  /** Code of the error with which it ended. Absent or null: it was done. */
  code?: string | null;
  /** How many events were appended, or removed. */
  events?: number;
  /** Size of what was sent. */
  bytes?: number;
}

/** Neither function ever rejects. Both resolve once the entry is stored, or could not be stored and is in the log. */
export interface Audit {
  /**
   * Puts on record what a caller did. It is called once that is done, so a record is never of what did not happen. What failed
   * is sampled as refusals are, and so are logins.
   */
  note(principal: Principal, entry: AuditEntry): Promise<void>;
  /**
   * Puts on record that a request was refused: the first of each code, target and caller in a minute at once, the others as
   * the count of the next, and no more than a few of one caller in a minute, whatever they are of.
   * @param principal null: nobody knows who sent it
   */
  refused(principal: Principal | null, entry: { target: string; code: string }): Promise<void>;
}
