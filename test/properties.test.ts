/** Property tests draw the same each run, end with what fails, and have all of that from one place. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fc, propertySettings } from './properties.ts';

test('the variables choose the seed, and ask for shrinking', () => {
  expect(propertySettings({})).toEqual({ seed: 20_261_128, endOnFailure: true });
  expect(propertySettings({ PROPERTY_SEED: '-7', PROPERTY_SHRINK: 'true' })).toEqual({ seed: -7, endOnFailure: false });
  expect(() => propertySettings({ PROPERTY_SEED: 'any' })).toThrow('PROPERTY_SEED');
  expect(() => propertySettings({ PROPERTY_SHRINK: '1' })).toThrow('PROPERTY_SHRINK');
});

/** A property that does not hold, with what it was called with. */
function fail() {
  const drawn: number[] = [];
  const report = fc.check(
    fc.property(fc.integer(), (one) => {
      drawn.push(one);
      return one % 5 !== 0;
    }),
  );
  return { drawn, report };
}

test('a property that fails is called no further, and fails with the seed that draws the same again', () => {
  const { seed, endOnFailure } = propertySettings(process.env);
  const { drawn, report } = fail();
  expect(report).toMatchObject({ failed: true, seed });
  expect(fail().drawn).toEqual(drawn);
  if (endOnFailure) expect(drawn.filter((one) => one % 5 === 0)).toHaveLength(1);
});

test('no other test imports fast-check, or sets what the variables set', () => {
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const texts = files.map((name) => ({ name, text: readFileSync(join(import.meta.dirname, name), 'utf8') }));
  const named = (pattern: RegExp) => texts.filter(({ text }) => pattern.test(text)).map(({ name }) => name);
  expect(named(/(?:from|import|import\()\s*'fast-check/)).toEqual(['properties.ts']);
  expect(named(/\bfc\b/).length).toBeGreaterThan(20);
  expect(named(/\bnumRuns\b[^}]*\b(?:seed|endOnFailure)\b/).filter((name) => name !== 'properties.test.ts')).toEqual(
    [],
  );
});
