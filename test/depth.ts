/**
 * How much a test takes of what it draws or enumerates: `npm test` some of it, `npm run test:all` more, and the commands that
 * set a mode (`npm run deep`, `npm run faults`) all. Whatever is left out, what is asked of each draw is the same.
 */
const { TIDEGATE_TEST_ALL, MODE } = process.env;

export function byDepth<T>(some: T, more: T, all: T): T {
  if (MODE === 'deep' || MODE === 'faults') return all;
  return TIDEGATE_TEST_ALL === 'true' ? more : some;
}
