/**
 * fast-check as every property test has it: the same draws each run, and a failure ends the run with what was drawn.
 * Shrinking runs a property again and again, for hours where a run takes seconds, so it is asked for by a variable.
 */
import * as fc from 'fast-check';

/** Properties that draw, and ask each draw once. */
const SEED = 20_261_128;

/** @throws Error where a variable is set to something that it cannot mean. */
export function propertySettings(environment: Readonly<Record<string, string | undefined>>): {
  seed: number;
  endOnFailure: boolean;
} {
  const { PROPERTY_SEED: seed = `${SEED}`, PROPERTY_SHRINK: shrink = 'false' } = environment;
  if (!/^-?\d{1,10}$/.test(seed)) throw new Error(`PROPERTY_SEED is ${seed}; expected a whole number`);
  if (shrink !== 'true' && shrink !== 'false') throw new Error(`PROPERTY_SHRINK is ${shrink}; expected true or false`);
  return { seed: Number(seed), endOnFailure: shrink === 'false' };
}

fc.configureGlobal(propertySettings(process.env));

export { fc };
