/**
 * The name of the events extension (SEP-3415), and which apps have events. A host can say so without loading the extension.
 * Clients of today read a capability of the name `events`, as the sketch had it that came before the SEP. Pure.
 */
import { isAuditLog } from '../../auth/audit/stream.ts';
import type { App } from '../../declare/app.ts';
import type { ExtensionCapability } from '../extension.ts';

/** @param listens whether clients can listen to what changes */
export function eventsCapability(listens: boolean): ExtensionCapability {
  return { id: 'io.modelcontextprotocol/events', settings: listens ? { listChanged: true } : {}, alsoAs: 'events' };
}

/** Whether there is anything to subscribe to, beside the audit log, which a host adds. */
export function offersEvents({ streams, triggers }: Pick<App, 'streams' | 'triggers'>): boolean {
  return triggers.size > 0 || [...streams.values()].some((stream) => !isAuditLog(stream));
}
