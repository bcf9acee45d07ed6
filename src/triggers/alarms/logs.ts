/** Which logs triggers and their alarms fill, as streams: a sweep keeps them within their retention where nothing happens any more. */
import type { App } from '../../declare/app.ts';
import type { StreamTenants } from '../../declare/feed.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { alarmsStream } from './records.ts';

/** @param of those of each tenant, or those that all share */
export function triggerLogs({ triggers }: Pick<App, 'triggers'>, of: StreamTenants): DeclaredStream[] {
  const those = [...triggers.values()].filter(({ tenants }) => tenants === of);
  const hasAlarms = those.some(({ alarm }) => alarm !== null);
  return [...those.map(({ log }) => log), ...(hasAlarms ? [alarmsStream(of)] : [])];
}
