/** What actions share: how times are written, and that operators of one tenant do not change what all tenants share. */
import * as z from 'zod';
import { TidegateError } from '../base/errors.ts';
import { APP_TENANT } from '../base/principal.ts';
import type { StreamTenants } from '../declare/feed.ts';
import type { OperateContext } from './action.ts';

/** A time, as `parseTime` reads it: it is a text, so that a command takes it as it is. */
export const timeInput = (about: string) => z.string().min(1).max(64).describe(about).optional();

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
