/** What a record or a log is, by its name: every one begins with a tenant and a kind. Pure. */
import { APP_TENANT } from '../../base/principal.ts';
import type { BackedUp } from './format.ts';

/** What a restore holds back. */
export const HELD_PARTITION = `${APP_TENANT}/held`;

export function namedKind(partition: string): { tenant: string; kind: string; rest: string } {
  const [tenant = '', kind = '', ...rest] = partition.split('/');
  return { tenant, kind, rest: rest.join('/') };
}

/** Whether a log is a tenant's own. */
export function isLogOf(tenant: string, log: string): boolean {
  return log.startsWith(`${tenant}/`);
}

/**
 * Whether a record is a tenant's own, wherever it stands: keys stand with the app, waits and subscriptions with the log that they
 * follow, and what a restored copy holds of it with the app.
 */
export function isRecordOf(
  tenant: string,
  { partition, id, value }: Pick<BackedUp, 'partition' | 'id' | 'value'>,
): boolean {
  const { tenant: place, kind } = namedKind(partition);
  if (place === tenant) return true;
  if (partition === HELD_PARTITION) return isRecordOf(tenant, value as unknown as BackedUp);
  if (kind === 'subscribers' || kind === 'waiters') return id.startsWith(`${tenant}/`);
  const named = kind === 'key' && place === APP_TENANT ? (value as { tenant?: unknown } | null)?.tenant : undefined;
  return named === tenant;
}

/** Whether a record says something of one of these logs: its index of times, positions in it. */
export function isOfLogs(partition: string, id: string, logs: Iterable<string>): boolean {
  return [...logs].some((log) => {
    const { tenant, rest } = namedKind(log);
    return id === log || [`${tenant}/times/${rest}`, `${tenant}/latest/${rest}`].includes(partition);
  });
}
