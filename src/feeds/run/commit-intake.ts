/**
 * Commits what an intake has gathered, under the lease. Where somebody published to a stream of identified events
 * meanwhile, the commit leaves out what stands there by now and is made again.
 */
import { TidegateError } from '../../base/errors.ts';
import type { Intake } from './intake.ts';
import type { Lease } from './lease.ts';

/** How often in a row publishers may be faster. */
const MOST_OUTRUN = 50;

/**
 * False: the lease is lost.
 * @throws TidegateError `store_unavailable` where publishers are faster for too long; what the store throws
 */
export async function commitIntake(lease: Lease, intake: Intake, deadline: number): Promise<boolean> {
  let operations = intake.drain();
  for (let outrun = 0; outrun < MOST_OUTRUN; outrun += 1) {
    lease.change(intake.changes(lease.state()));
    const result = await lease.commit(operations, deadline);
    if (result === 'lost') return false;
    if (result === 'committed') {
      intake.settle(operations, lease.version());
      return true;
    }
    operations = await intake.withoutKnown(operations);
  }
  throw new TidegateError('store_unavailable', 'too many publish beside a feed at once', { retryAfterMs: 1_000 });
}
