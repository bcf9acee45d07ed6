/**
 * Tells through the queue that a log of events has changed which a trigger watches, somebody subscribed to, or a task waits on, so
 * that what follows it runs within seconds, and not when the schedule comes. It costs a message for each log and second, and two store
 * calls in ten seconds for a log that nothing follows. What begins to follow one is told of what comes ten seconds later, or sooner.
 */
import { hasDeliveries } from '../../calls/events/delivery-deps.ts';
import { hasSubscribers } from '../../deliveries/work/outbox.ts';
import type { Deps } from '../../streams/deps.ts';
import { hasWaiters } from '../../tasks/waits/watch.ts';
import { type LogScope, scopeOfLogs } from '../../streams/scope.ts';
import type { TaskQueue } from '../queue.ts';

/** A log of which a message is on its way is not told again so soon, ms; the message waits as long for what else comes, s. */
const AGAIN_MS = 1_000;
const DELAY_S = 1;
/** How long it is remembered that nobody has subscribed to a log and nothing waits on it, ms. */
const NOBODY_MS = 10_000;
const MOST_KNOWN = 10_000;

/** Takes work that goes on by itself, so that the platform lets it end. The work does not reject. */
export type GoOn = (work: Promise<unknown>) => void;

/** @param goOn has work end that goes on behind the commit */
export function hintsThrough(
  deps: Pick<Deps, 'app' | 'store' | 'runtime' | 'isOpen'>,
  queue: TaskQueue,
  goOn: GoOn,
): NonNullable<Deps['changed']> {
  const { app, runtime } = deps;
  const watched = new Set([...app.triggers.values()].flatMap(({ on, log }) => [...on.values(), log.name]));
  const delivers = hasDeliveries(deps);
  /** Until when nothing has to be done about a log, epoch ms. */
  const quiet = new Map<string, number>();

  async function isFollowed(scope: LogScope, stream: string): Promise<boolean> {
    return (
      (delivers && (await hasSubscribers(scope, stream))) || (app.streams.has(stream) && hasWaiters(scope, stream))
    );
  }

  async function tell(tenant: string, stream: string): Promise<void> {
    const place = `${tenant} ${stream}`;
    try {
      if (!watched.has(stream) && !(await isFollowed(scopeOfLogs(deps, { tenant }), stream))) {
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
    if ((quiet.get(place) ?? 0) > now || !(delivers || watched.has(stream) || app.streams.has(stream))) return;
    if (quiet.size > MOST_KNOWN) quiet.clear();
    quiet.set(place, now + AGAIN_MS);
    goOn(tell(tenant, stream));
  };
}
