/**
 * Takes note of the tenants that call, so that feeds which run for each tenant begin to run for them. A tenant that writes is
 * known by that; one that only reads would wait for data for ever. Costs one store call an hour for each tenant, in each process.
 */
import { asTidegateError } from '../base/errors.ts';
import { safeName } from '../base/safe-name.ts';
import type { Authenticate } from '../http/authenticate.ts';
import type { Deps } from '../streams/deps.ts';

type Met = Deps & { authenticate?: Authenticate };

/** The same options where nobody asks who calls, the host lists its tenants, or no feed runs for each. */
export function meetingTenants<Options extends Met>(options: Options): Options {
  const { authenticate, tenants, app, runtime } = options;
  const hasFeeds = [...app.feeds.values()].some((feed) => feed.tenants === 'each');
  if (!authenticate || tenants || !hasFeeds) return options;

  async function meet(name: string): Promise<void> {
    try {
      const [{ noteTenant }, { scopeOfLogs }] = await Promise.all([
        import('../streams/tenant-work.ts'),
        import('../streams/scope.ts'),
      ]);
      await noteTenant(scopeOfLogs<Deps>(options, { tenant: await safeName(name, 'tenant') }));
    } catch (thrown) {
      // Who has no name is refused behind this, and a store that fails is asked again by the next request.
      const { code, message } = asTidegateError(thrown);
      runtime.log('warn', 'a tenant is not noted, so its feeds do not begin to run', { code, message });
    }
  }

  return {
    ...options,
    async authenticate(request: Request) {
      const found = await authenticate(request);
      if (!(found instanceof Response)) await meet(found.tenant);
      return found;
    },
  };
}
