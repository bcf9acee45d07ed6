/** The audit log of a host: where callers are known, its app has the stream, and what callers do is written to it. */
import type { AuditDeps, AuditOptions } from '../auth/audit/log.ts';
import { auditLogOf, withAuditLog } from '../auth/audit/stream.ts';
import type { App } from '../declare/app.ts';
import type { Audit } from '../streams/audit.ts';
import type { Deps } from '../streams/deps.ts';
import type { HostOptions } from './http-host.ts';

const NO_STREAMS = { done: '', failed: '' };

type Audited = Deps & Pick<HostOptions, 'authenticate' | 'outlivesClients' | 'auditApart'>;

/**
 * The same options where nobody asks who calls, or where they have an audit log already.
 * @throws TidegateError `invalid_config` for an app that has streams of all its names
 */
export function withAudit<Options extends Audited>(options: Options): Options {
  if (!options.authenticate || options.audit) return options;
  const app = withAuditLog(options.app);
  const streams = auditLogOf(app) ?? NO_STREAMS;
  // Where work ends with its client, each request has to do its own.
  const apart = options.auditApart ?? options.outlivesClients === false;
  return { ...options, app, audit: openAuditLog(options, { streams, apart }) };
}

/** The audit log of an app for what does not come by a request, such as a command. */
export function auditOf(app: App, deps: AuditDeps): Audit {
  return openAuditLog(deps, { streams: auditLogOf(withAuditLog(app)) ?? NO_STREAMS });
}

/** What writes is loaded with the first entry. */
function openAuditLog(deps: AuditDeps, options: AuditOptions): Audit {
  /** A promise, so that entries that come at once are written by one. */
  let log: Promise<Audit> | null = null;
  const load = () =>
    (log ??= import('../auth/audit/log.ts').then(({ createAuditLog }) => createAuditLog(deps, options)));
  return {
    note: async (...given) => (await load()).note(...given),
    refused: async (...given) => (await load()).refused(...given),
  };
}
