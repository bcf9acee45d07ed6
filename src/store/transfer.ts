/** Getting at all that is stored (`StoreTransfer` of `store.ts`): what backups, copies and removals of tenants are made of. */
import { TidegateError } from '../base/errors.ts';
import type { Store, StoreTransfer } from './store.ts';

/** Most bytes of entries, as JSON, in one call of `fill`; a single entry may have more. */
export const FILL_BYTES = 256 * 1024;

/** @throws TidegateError `not_supported` where the driver has none, or the bundle of this host left it out */
export async function transferOf(store: Store): Promise<StoreTransfer> {
  const transfer = await store.transfer?.().catch((cause: unknown) => {
    if (cause instanceof TidegateError) throw cause;
    throw unsupported(store, cause);
  });
  if (transfer === undefined) throw unsupported(store);
  return transfer;
}

function unsupported({ name }: Store, cause?: unknown): TidegateError {
  return new TidegateError('not_supported', `all of a ${name} store cannot be read here`, {
    expected: 'the command tidegate on Node, with the same variables, and a driver that has `transfer`',
    cause,
  });
}
