/** Why a task is not gone on with, whatever its `run` would do. Pure. */
import { TidegateError } from '../../base/errors.ts';
import type { Claim } from './claim.ts';
import type { Header } from './header.ts';

/** Entries in a row whose process was gone, with nothing remembered between; then the task fails. */
const MOST_LOST = 10;

/** Of an entry that has been taken up. */
export function refuse(
  { header, assignment }: Pick<Claim, 'header' | 'assignment'>,
  now: number,
): TidegateError | null {
  if (now >= header.endsBy) return tooLong();
  if (assignment.lost < MOST_LOST) return null;
  return new TidegateError(
    'internal',
    `the process was gone ${assignment.lost} times in a row before anything was done`,
    {
      hint: 'look for what ends it: memory, a blocking loop, an exit',
    },
  );
}

export function tooLong(): TidegateError {
  return new TidegateError('cancelled', 'the time for the task was over before it ended', {
    field: 'policy.totalMs',
    expected: 'a task that ends sooner, or a longer time for it',
  });
}

/** This release has not the version that a task began with. */
export function noVersion({ task, version }: Pick<Header, 'task' | 'version'>): TidegateError {
  return new TidegateError('invalid_config', `this release has no version ${version} of ${task}`, {
    field: `tasks.${task}.previous`,
    expected: `the declaration of version ${version}, as long as tasks that began with it run or may be retried`,
  });
}
