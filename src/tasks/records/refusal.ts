/** Why a turn ends its task without calling `run`. Pure. */
import { TidegateError } from '../../base/errors.ts';
import type { Claim } from './claim.ts';
import type { Header } from './header.ts';

/** A task fails after this many turns in a row whose process was gone, with nothing remembered between them. */
const MOST_LOST = 10;

/** Null: the turn calls `run`. */
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

/** This release does not have the version that a task began with. */
export function noVersion({ task, version }: Pick<Header, 'task' | 'version'>): TidegateError {
  return new TidegateError('invalid_config', `this release has no version ${version} of ${task}`, {
    field: `tasks.${task}.previous`,
    expected: `the declaration of version ${version}, as long as tasks that began with it run or may be retried`,
  });
}
