/** `dead list` and `dead show`: items that could be no event, and why. */
import * as z from 'zod';
import { isOfOthers } from '../../feeds/records/tenant-view.ts';
import { ERASED } from '../../feeds/records/dead-letters.ts';
import { operatorAction } from '../action.ts';
import { ago, table } from '../table.ts';
import {
  FeedOfLetters,
  itemText,
  letterNumbered,
  LetterNumber,
  LetterRow,
  lettersOf,
  newestLetters,
  rowOf,
} from './letters.ts';

const MOST_LISTED = 1_000;

export const deadList = operatorAction({
  noun: 'dead',
  verb: 'list',
  description: 'The newest dead letters: items of feeds that could be no event of their stream, each with the reason.',
  input: z.strictObject({
    feed: FeedOfLetters.optional().describe('Only of this feed'),
    limit: z.number().int().min(1).max(MOST_LISTED).default(20).describe('How many of each feed'),
  }),
  words: ['feed'],
  output: z.object({ letters: z.array(LetterRow) }),
  effect: 'reads',
  each: 'letters',
  async run({ feed, limit }, context) {
    const names = feed === undefined ? [...context.deps.app.feeds.keys()] : [feed];
    const letters = [];
    for (const name of names) {
      const found = await newestLetters(lettersOf(context, name), limit);
      letters.push(...found.filter(({ letter }) => letter.reason !== ERASED).map((letter) => rowOf(name, letter)));
    }
    return { letters };
  },
  lines({ letters }, now, width) {
    if (letters.length === 0) return ['There are no dead letters.'];
    const rows = letters.map(({ feed, number, at, stream, reason, field, expected }) => [
      feed,
      String(number),
      `${ago(Date.parse(at), now)} ago`,
      stream,
      reason,
      field === null ? '' : `${field}: expected ${expected ?? ''}`,
    ]);
    return table([['FEED', 'NUMBER', 'AGE', 'STREAM', 'REASON', 'WHY'], ...rows], width, [0, 1]);
  },
});

export const deadShow = operatorAction({
  noun: 'dead',
  verb: 'show',
  description: 'One dead letter with its item, as it came.',
  input: z.strictObject({ feed: FeedOfLetters, number: LetterNumber.describe('As dead list tells it') }),
  words: ['feed', 'number'],
  output: LetterRow.extend({ item: z.unknown(), key: z.string().nullable(), source: z.string().nullable() }),
  effect: 'reads',
  async run({ feed, number }, context) {
    const letters = lettersOf(context, feed);
    const found = await letterNumbered(letters, number);
    const hidden = isOfOthers(context, context.deps.app.feeds.get(feed)) && letters.own.tenant !== context.tenant;
    const { item, key = null, meta } = found.letter;
    const source = hidden ? null : (meta?.source ?? null);
    return { ...rowOf(feed, found), item: hidden ? null : item, key, source };
  },
  lines: ({ feed, number, at, stream, reason, field, expected, cut, item, key, source }) => [
    `${feed} ${number}, for ${stream}, at ${at}: ${reason}`,
    ...(field === null ? [] : [`  ${field}: expected ${expected ?? ''}`]),
    ...(key === null ? [] : [`  key ${key}`]),
    ...(source === null ? [] : [`  from ${source}`]),
    `  ${cut ? 'the beginning of it: ' : ''}${itemText(item as never)}`,
  ],
});
