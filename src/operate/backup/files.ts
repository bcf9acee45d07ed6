/** The files of who called. A command has them. */
import { TidegateError } from '../../base/errors.ts';
import type { OperateContext, OperateFiles } from '../action.ts';

/** @throws TidegateError `not_supported` */
export function callersFiles({ files }: OperateContext): OperateFiles {
  if (files !== null) return files;
  throw new TidegateError('not_supported', 'there are no files here', { expected: 'the command tidegate' });
}
