/**
 * Tells through the queue that a log of events has changed which a trigger watches, or somebody subscribed to, so that what follows
 * it runs within seconds, and not when the cron trigger comes. It costs a message for each log and second, and a store call a
 * minute for a log that nothing watches.
 */
import { hasDeliveries } from '../../calls/events/delivery-deps.ts';
import { hasSubscribers } from '../../deliveries/work/outbox.ts';
import type { Deps } from '../../streams/deps.ts';
import { scopeOfLogs } from '../../streams/scope.ts';
import type { TaskQueue } from '../queue.ts';
import { goOnBehind } from './tasks.ts';

/** A log of which a message is on its way is not told again so soon, ms; the message waits as long for what else comes, s. */
const AGAIN_MS = 1_000;
const DELAY_S = 1;
/** How long it is remembered that nobody has subscribed to a log, ms. */
const NOBODY_MS = 60_000;
const MOST_KNOWN = 10_000;

export function hintsThrough(
  deps: Pick<Deps, 'app' | 'store' | 'runtime' | 'isOpen'>,
  queue: TaskQueue,
): NonNullable<Deps['changed']> {
  const { app, runtime } = deps;
  const watched = new Set([...app.triggers.values()].flatMap(({ on, log }) => [...on.values(), log.name]));
  const delivers = hasDeliveries(deps);
  /** Until when nothing has to be done about a log, epoch ms. */
  const quiet = new Map<string, number>();

  async function tell(tenant: string, stream: string): Promise<void> {
    const place = `${tenant} ${stream}`;
    try {
      if (!watched.has(stream) && !(await hasSubscribers(scopeOfLogs(deps, { tenant }), stream))) {
        quiet.set(place, runtime.now() + NOBODY_MS);
        return;
      }
      await queue.send({ tenant, stream }, { delaySeconds: DELAY_S });
    } catch (thrown) {
      quiet.delete(place);
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      runtime.log('warn', 'nobody was told that a log has changed; the schedule finds it', { stream, message });
    }
  }

  return (tenant, stream) => {
    const place = `${tenant} ${stream}`;
    const now = runtime.now();
    if ((quiet.get(place) ?? 0) > now || !(delivers || watched.has(stream))) return;
    if (quiet.size > MOST_KNOWN) quiet.clear();
    quiet.set(place, now + AGAIN_MS);
    goOnBehind(tell(tenant, stream));
  };
}
