/** What a sweep does that finds the clock behind: tasks that wait for a time of the clock that was ahead are looked at once. */
import { asTidegateError } from '../base/errors.ts';
import type { Deps } from '../streams/deps.ts';
import { makeDueAgain } from '../tasks/work/due-again.ts';

/**
 * Answers whether all of them are due; the next sweep calls it again where not. A failure is logged.
 * @param onDue is told how many became due
 * @param deadline epoch ms
 */
export async function dueAfterClock(deps: Deps, deadline: number, onDue?: (made: number) => void): Promise<boolean> {
  try {
    const { made, more } = await makeDueAgain(deps, deadline);
    onDue?.(made);
    return !more;
  } catch (thrown) {
    const { code, message } = asTidegateError(thrown);
    deps.runtime.log('error', 'tasks that wait for a time of a clock that was ahead are not due yet', {
      code,
      message,
    });
    return false;
  }
}
