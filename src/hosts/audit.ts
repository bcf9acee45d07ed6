/** The audit log of a host: where callers are known, its app has the stream, and what callers do is written to it. */
import { createAuditLog } from '../auth/audit/log.ts';
import { auditLogOf, withAuditLog } from '../auth/audit/stream.ts';
import type { Deps } from '../streams/deps.ts';
import type { HostOptions } from './http-host.ts';

type Audited = Deps & Pick<HostOptions, 'authenticate' | 'outlivesClients'>;

/**
 * The same options where nobody asks who calls, or where they have an audit log already.
 * @throws TidegateError `invalid_config` for an app that has streams of all its names
 */
export function withAudit<Options extends Audited>(options: Options): Options {
  if (!options.authenticate || options.audit) return options;
  const app = withAuditLog(options.app);
  const stream = auditLogOf(app)?.name ?? '';
  // Where work ends with its client, each request has to do its own.
  const apart = options.outlivesClients === false;
  return { ...options, app, audit: createAuditLog(options, { stream, apart }) };
}
