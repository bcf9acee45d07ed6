/**
 * Commits what an intake has gathered, under the lease. If somebody published to a stream of identified events meanwhile,
 * it makes the commit again without the events that the stream has by then.
 */
import { TidegateError } from '../../base/errors.ts';
import type { Intake } from './intake.ts';
import type { Lease } from './lease.ts';

/** How often in a row a publisher may be faster than the commit. */
const MOST_OUTRUN = 50;

/**
 * Returns false if the lease is lost.
 * @throws TidegateError `store_unavailable` if publishers are faster `MOST_OUTRUN` times; errors of the store
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
