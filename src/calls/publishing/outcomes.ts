/**
 * What became of a message, told where operators look: in the log, in the audit log, and in the stream that its feed names.
 * None of them has the message itself.
 */
import { asTidegateError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Checked, Outlet, OutletAudit, OutletRecord } from '../../declare/outlet.ts';
import type { Deps } from '../../streams/deps.ts';
import { findStream } from '../../streams/find-stream.ts';
import { publish } from '../../streams/log/publish.ts';
import { ofStream, scopeOf } from '../../streams/scope.ts';
import type { Principal } from '../../base/principal.ts';

/** Time to record an outcome, even where the request's own time is over. */
const AUDIT_MS = 10_000;
const RECORDED_CHARACTERS = 1_024;
/** Outcomes by which a message is out. */
const DONE: ReadonlySet<OutletRecord['outcome']> = new Set(['acknowledged', 'sent']);

interface Outcomes {
  /** Does not fail where the feed's stream cannot be written: the message is out, and the log has what became of it. */
  record(
    of: Pick<OutletRecord, 'action' | 'feed'>,
    checked: Checked<unknown>,
    outcome: OutletRecord['outcome'],
    reason: string | null,
  ): Promise<void>;
  /** A message that a check did not let through. */
  refused(feed: string, message: object, thrown: unknown): void;
}

export function createOutcomes(deps: Deps, principal: Principal, found: ReadonlyMap<string, Outlet>): Outcomes {
  const { app, runtime } = deps;
  const { subject, client, tenant } = principal;
  const scope = scopeOf(deps, principal);

  async function putOnRecord(audit: OutletAudit, entry: OutletRecord & JsonObject): Promise<void> {
    try {
      const stream = findStream(app, audit.stream);
      await publish(ofStream(scope, stream), stream, { data: entry }, runtime.now() + AUDIT_MS);
    } catch (error) {
      const { code, message } = asTidegateError(error);
      const facts = { stream: audit.stream, code, message, ...entry };
      runtime.log('error', 'a publication could not be put on record', facts);
    }
  }

  return {
    async record({ action, feed }, { facts }, outcome, reason) {
      const shortened = reason?.slice(0, RECORDED_CHARACTERS) ?? null;
      const entry = { subject, client, action, feed, ...facts, outcome, reason: shortened } satisfies OutletRecord;
      runtime.log('info', 'published', { tenant, ...entry });
      const { audit = null } = found.get(feed) ?? {};
      const size = facts['bytes'];
      const noted = deps.audit?.note(principal, {
        action: 'publish',
        target: feed,
        code: DONE.has(outcome) ? null : outcome,
        ...(typeof size === 'number' ? { bytes: size } : {}),
      });
      await Promise.all([noted, audit && putOnRecord(audit, entry)]);
    },
    refused(feed, message, thrown) {
      const { code, field } = asTidegateError(thrown);
      const facts = found.get(feed)?.factsOf(message);
      runtime.log('info', 'a publication was refused', { tenant, subject, client, feed, ...facts, code, field });
    },
  };
}
