/** `dead drop`: erases dead letters for good, those that are named or all of a feed. */
import * as z from 'zod';
import { TidegateError } from '../../base/errors.ts';
import { deadLetter, ERASED, erasedLetter } from '../../feeds/records/dead-letters.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import { operatorAction } from '../action.ts';
import { changeableFeed } from '../named-feed.ts';
import { FeedOfLetters, type Letter, letterNumbered, LetterNumber, lettersOf, newestLetters } from './letters.ts';

export const deadDrop = operatorAction({
  noun: 'dead',
  verb: 'drop',
  description: 'Erases dead letters of a feed for good: those whose numbers are given, or all.',
  input: z.strictObject({
    feed: FeedOfLetters,
    number: z.array(LetterNumber).max(1_000).optional().describe('Which; none with all'),
    all: z.boolean().optional().describe('All of the feed'),
  }),
  words: ['feed', 'number'],
  output: z.object({ feed: z.string(), dropped: z.number() }),
  effect: 'destroys',
  warning({ feed, number = [], all = false }) {
    checkWhich(number, all);
    return all ? `This erases all dead letters of ${feed}.` : `This erases ${number.length} dead letters of ${feed}.`;
  },
  async run({ feed, number: numbers = [], all = false }, context) {
    changeableFeed(context, feed);
    checkWhich(numbers, all);
    const letters = lettersOf(context, feed);
    const { store, runtime } = letters.own;
    const found = all ? await newestLetters(letters, Number.MAX_SAFE_INTEGER) : [];
    // One that is not there is told before any is erased.
    for (const number of new Set(numbers)) found.push(await letterNumbered(letters, number));
    const standing = found.filter(({ letter }) => letter.reason !== ERASED);
    for (let from = 0; from < standing.length; from += READ_LIMIT) {
      const erasures = standing.slice(from, from + READ_LIMIT).map(erasureOf);
      await store.erase(letters.log, erasures);
      context.progress(from + erasures.length, standing.length, 'letters');
    }
    if (all && found.length > 0) {
      await store.trim(letters.log, { now: runtime.now(), appendedBefore: runtime.now(), limit: found.length });
    }
    return { feed, dropped: standing.length };
  },
  lines: ({ feed, dropped }) => [`${dropped} dead letters of ${feed} are erased`],
});

/** @throws TidegateError `invalid_input` where neither letters are named nor all, or both */
function checkWhich(numbers: readonly number[], all: boolean): void {
  if (all !== numbers.length > 0) return;
  const found = all ? 'both numbers and all of them are given' : 'neither a number is given nor all of them';
  const expected = 'numbers as dead list shows them, or all';
  throw new TidegateError('invalid_input', `number: ${found}; expected ${expected}`, { field: 'number', expected });
}

function erasureOf({ cursor, letter }: Letter) {
  return { cursor, value: deadLetter.encode(erasedLetter(letter)) };
}
