/** What became of what a command writes to standard output. Node forgets its error, so that is kept here. */
import { TidegateError } from '../../../base/errors.ts';

let broken: NodeJS.ErrnoException | null = null;

/** Keeps the first error of standard output from ending the process with a stack. */
export function watchOutput(): void {
  process.stdout.on('error', (error) => (broken ??= error));
}

/** Whether nothing more can be written: nobody reads any more, as behind `| head`, or the disk is full. */
export function isOutputGone(): boolean {
  return broken !== null || process.stdout.destroyed;
}

/** Why not all was written, such as a full disk. Null: it was, or who reads left before the end, which is no mistake. */
export function unwrittenOutput(): TidegateError | null {
  if (broken === null || broken.code === 'EPIPE') return null;
  return new TidegateError('invalid_input', `standard output cannot be written: ${broken.message}`, {
    field: 'standard output',
    expected: 'a disk with room, or a program that reads',
    hint: 'what was written up to there is not whole',
    cause: broken,
  });
}
