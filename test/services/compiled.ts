/**
 * Where Node keeps what it made of source files, so that a process that a test starts does not read and compile all of them
 * again: it is there in a third of the time. `vitest.config.ts` and `test/run.ts` set the variable, which programs that get
 * our environment have by that; those that get one of their own are given it.
 */
export function compiled(): Record<string, string> {
  const folder = process.env['NODE_COMPILE_CACHE'];
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
}
