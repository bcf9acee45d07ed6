/** The short form of `npm run fuzz`. */
import { describe, expect, it } from 'vitest';
import { fuzzRun } from './fuzz-run.ts';
import { fuzzFindings, fuzzVerdict } from './fuzz-verdict.ts';
import { byDepth } from '../depth.ts';

const SEED = 20_261_120;
const ROUNDS = byDepth(5_000, 10_000, 30_000);
const ROUNDS_ASKED = byDepth(3_000, 10_000, 30_000);
/** Most of what nobody may call is refused, so it takes many until each method had a result. */
const verdictOfAsked = byDepth(fuzzFindings, fuzzFindings, fuzzVerdict);

describe('requests that went wrong', () => {
  it(
    `are answered in form, and nothing grows: ${ROUNDS} of them (seed ${SEED})`,
    async () => expect(fuzzVerdict(await fuzzRun({ rounds: ROUNDS, seed: SEED }))).toEqual([]),
    600_000,
  );

  it(`are answered in form where the server asks who calls: ${ROUNDS_ASKED} of them (seed ${SEED})`, async () => {
    const report = await fuzzRun({ rounds: ROUNDS_ASKED, seed: SEED, asks: true });
    expect(verdictOfAsked(report)).toEqual([]);
    expect([...report.statuses.keys()]).toEqual(expect.arrayContaining([401, 403]));
  }, 600_000);

  it('has a verdict that sees what is wrong', () => {
    const heap = [1, 1, 1, 1e9];
    const report = {
      problems: ['one'],
      answered: new Set<string>(),
      held: heap,
      heap,
      slowestMs: 6_000,
      statuses: new Map([[200, 1]]),
    };
    expect(fuzzVerdict(report)).toEqual(
      expect.arrayContaining([
        'one',
        'tasks/get never had a result',
        'status 404 never came',
        'the heap grew by 954 MiB',
        'an answer took 6000 ms',
      ]),
    );
  });
});
