/** `dead replay`: tries the letters of a feed again, such as after a schema was mended; those that were refused again where asked. */
import * as z from 'zod';
import { replayDeadLetters, replayRefused } from '../../feeds/run/replay-dead-letters.ts';
import type { Cursor } from '../../store/store.ts';
import { scopeOf } from '../../streams/scope.ts';
import { operatorAction } from '../action.ts';
import { changeableFeed } from '../named-feed.ts';
import { FeedOfLetters } from './letters.ts';

/** Longest time of one step, ms. */
const PART_MS = 5_000;

export const deadReplay = operatorAction({
  noun: 'dead',
  verb: 'replay',
  description:
    'Tries the dead letters of a feed again, each once: after a schema was mended. What its stream takes is appended; what it refuses again stays a dead letter, and is tried once more with again.',
  input: z.strictObject({
    feed: FeedOfLetters,
    again: z.boolean().default(false).describe('Also those that a replay before was refused, as after a second mend'),
  }),
  words: ['feed'],
  output: z.object({
    feed: z.string(),
    replayed: z.number(),
    duplicates: z.number().describe('Known already'),
    refused: z.number().describe('Refused again'),
    cut: z.number().describe('Kept only in part, so that they cannot be tried'),
    done: z.boolean().describe('False: some are left to try; call it again'),
  }),
  effect: 'changes',
  async run({ feed, again }, context) {
    changeableFeed(context, feed);
    const { deps, tenant, deadline, signal } = context;
    const total = { feed, replayed: 0, duplicates: 0, refused: 0, cut: 0, done: false };
    const scope = scopeOf(deps, { tenant });
    const tried = new Set<Cursor>();
    const steps = [
      // Those that are refused by the other step were tried by this call.
      ...(again ? [(until: number) => replayRefused(scope, feed, tried, until)] : []),
      (until: number) => replayDeadLetters(scope, feed, until),
    ];
    for (const step of steps) {
      total.done = false;
      while (!total.done && !signal.aborted && deps.runtime.now() < deadline) {
        const part = await step(Math.min(deadline, deps.runtime.now() + PART_MS));
        for (const name of ['replayed', 'duplicates', 'refused', 'cut'] as const) total[name] += part[name];
        total.done = part.done;
        context.progress(total.replayed + total.duplicates + total.refused + total.cut, null, 'letters');
      }
    }
    return total;
  },
  lines: ({ feed, replayed, duplicates, refused, cut, done }) => [
    `${feed}: ${replayed} replayed, ${duplicates} known already, ${refused} refused again, ${cut} kept only in part${done ? '' : '; some are left: call it again'}`,
    ...(refused > 0 ? [`Mend what refuses them, and try them with tidegate dead replay ${feed} --again`] : []),
  ],
});
