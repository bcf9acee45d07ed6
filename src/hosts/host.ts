/**
 * `createHost`: the one place where an app, a store and a runtime become an endpoint, the scheduled workers and the
 * consumer of a queue. All is made at once, so that a mistake in the declaration shows before the first request.
 */
import { withAudit } from './audit.ts';
import { watchClock } from '../store/clock-watch.ts';
import { withCaveats } from './caveats.ts';
import { createHttpHost, type Host, type HostOptions, withVariables } from './http-host.ts';
import { composeServing } from './serving.ts';
import { withOperators } from '../mcp/operators.ts';
import { withListening } from './listening.ts';
import { createWork } from './work.ts';
import { withTasks } from './task-deps.ts';

/**
 * Where nobody asks who calls, the log says so once, unless `isOpen` says that it is meant.
 * @throws TidegateError `invalid_config` for names that collide with built-in ones, schemas that MCP cannot show, and secrets or tokens that are not set.
 */
export function createHost(given: HostOptions): Host {
  tellUnasked(given);
  const options = withListening(withCaveats(withOperators(withAudit(watchClock(withVariables(given))))));
  const deps = withTasks(options);
  const work = createWork(deps, options);
  return createHttpHost(options, {
    serving: composeServing(deps, { ...options, knowsCallers: options.authenticate !== undefined }),
    work: () => work,
  });
}

/** The platforms of this package ask for `AUTH` themselves, and say whether they are open. */
function tellUnasked({ authenticate, isOpen, runtime }: HostOptions): void {
  if (authenticate !== undefined || isOpen !== undefined) return;
  const expected = 'a function that says who calls, or isOpen: true where everyone may';
  runtime.log('warn', 'everyone may call this host: it has no authenticate', { field: 'authenticate', expected });
}
