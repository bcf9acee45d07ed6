/** Where an event goes: the log of a stream in the name of a tenant. A feed whose events name their tenants fills many. Pure. */
import type { DeclaredStream } from '../../declare/stream.ts';
import type { LogTenant } from '../scope.ts';
import { streamLog } from './stream-log.ts';

export interface Place {
  /** As records of a feed name it: the stream, and behind it the tenant where events of the stream name theirs. */
  name: string;
  log: string;
  tenant: LogTenant;
  stream: DeclaredStream;
}

/** Neither names of streams nor safe names of tenants have one. */
const BETWEEN = '/';

export function logPlace({ tenant }: { tenant: LogTenant }, stream: DeclaredStream): Place {
  const name = stream.tenantOf === null ? stream.name : `${stream.name}${BETWEEN}${tenant}`;
  return { name, log: streamLog(tenant, stream.name), tenant, stream };
}

/** The parts of the name of a place. `tenant` is null for a stream whose events name none. */
export function readPlaceName(name: string): { stream: string; tenant: LogTenant | null } {
  const at = name.indexOf(BETWEEN);
  if (at === -1) return { stream: name, tenant: null };
  return { stream: name.slice(0, at), tenant: name.slice(at + BETWEEN.length) as LogTenant };
}
