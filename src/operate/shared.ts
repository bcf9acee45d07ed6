/** Keeps operators of one tenant from changing what all tenants share. */
import { TidegateError } from '../base/errors.ts';
import { APP_TENANT } from '../base/principal.ts';
import type { StreamTenants } from '../declare/feed.ts';
import type { OperateContext } from './action.ts';

/** @throws TidegateError `invalid_input` for what is shared, where the caller is of a tenant that is not the app's own */
export function checkReach(
  { ofApp }: Pick<OperateContext, 'ofApp'>,
  { tenants, name }: { tenants: StreamTenants; name: string },
  what: 'stream' | 'feed',
): void {
  if (ofApp || tenants === 'each') return;
  throw new TidegateError('invalid_input', `the ${what} ${name} is shared by all tenants`, {
    field: what,
    expected: `a ${what} that each tenant has of its own`,
    hint: `an operator of the tenant ${APP_TENANT} may do this, or the command`,
  });
}
