/**
 * The same host for platforms where loading is most of a start: registry, SDK and workers are loaded when the first
 * request or call needs them. A mistake in the declaration that only they find shows there, and not at the start.
 */
import { withAudit } from './audit.ts';
import { watchClock } from '../store/clock-watch.ts';
import { withCaveats } from './caveats.ts';
import { createHttpHost, type Host, type HostOptions, withVariables } from './http-host.ts';
import { withOperators } from '../mcp/operators.ts';

/** @throws TidegateError `invalid_config` naming a token of a push or a secret of a feed that is not set. */
export function createLazyHost(given: HostOptions): Host {
  const options = withCaveats(withOperators(withAudit(watchClock(withVariables(given)))));
  return createHttpHost(options, {
    async serving() {
      const [{ composeServing }, { withTasks }] = await Promise.all([import('./serving.ts'), import('./task-deps.ts')]);
      return composeServing(withTasks(options), { ...options, knowsCallers: options.authenticate !== undefined });
    },
    async work() {
      const [{ createWork }, { withTasks }] = await Promise.all([import('./work.ts'), import('./task-deps.ts')]);
      return createWork(withTasks(options), options);
    },
  });
}
