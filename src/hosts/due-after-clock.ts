/** After a sweep that found the clock behind: tasks that wait for a time of the clock that was ahead are looked at once. */
import { asTidegateError } from '../base/errors.ts';
import type { SweepReport } from '../feeds/run/sweep.ts';
import type { Deps } from '../streams/deps.ts';
import { makeDueAgain } from '../tasks/work/due-again.ts';

/** Answers how many tasks became due. A failure is logged: such a task then waits for its time. @param deadline epoch ms */
export async function dueAfterClock(
  deps: Deps,
  { setBackMs }: Pick<SweepReport, 'setBackMs'>,
  deadline: number,
): Promise<number> {
  if (setBackMs === null) return 0;
  try {
    return await makeDueAgain(deps, deadline);
  } catch (thrown) {
    const { code, message } = asTidegateError(thrown);
    deps.runtime.log('error', 'tasks that wait for a time of a clock that was ahead are not due', { code, message });
    return 0;
  }
}
