/** `replay_dead_letters`: tries the dead letters of a feed again, after the app's schema was mended. */
import * as z from 'zod';
import { ADMIN_SCOPE } from '../base/scopes.ts';
import { REPEATABLE } from '../calls/schemas.ts';
import { type Task, task } from '../declare/task.ts';
import { findFeed } from '../feeds/records/find-feed.ts';
import { replayDeadLetters } from '../feeds/run/replay-dead-letters.ts';
import type { Deps } from '../streams/deps.ts';
import { scopeOf } from '../streams/scope.ts';

const Input = z.strictObject({
  feed: z.string().min(1).max(64).describe('Name of a feed'),
});

const Output = z.object({
  feed: z.string(),
  replayed: z.number().describe('Appended to their streams'),
  duplicates: z.number().describe('Known already'),
  refused: z.number().describe('Refused again; they stay dead letters'),
  cut: z.number().describe('Kept only in part, so that they cannot be tried'),
});

/** Longest time of one step, ms. */
const PART_MS = 10_000;

export function replayDeadLettersTask(deps: Deps): Task {
  return task({
    title: 'Replay dead letters',
    description: 'Tries items of a feed again that its streams refused, once each: after a schema was mended.',
    scopes: [ADMIN_SCOPE],
    version: '1',
    input: Input,
    output: Output,
    annotations: REPEATABLE,
    async prepare(input) {
      findFeed(deps.app, input.feed);
      return input;
    },
    async run({ feed }, { principal, step, progress }) {
      const scope = scopeOf(deps, principal);
      const total = { replayed: 0, duplicates: 0, refused: 0, cut: 0 };
      for (let done = false; !done;) {
        const part = await step('replay', async ({ deadline }) => {
          const until = Math.min(deadline, deps.runtime.now() + PART_MS);
          return { ...(await replayDeadLetters(scope, feed, until)) };
        });
        for (const name of ['replayed', 'duplicates', 'refused', 'cut'] as const) total[name] += part[name];
        progress(`${total.replayed} replayed, ${total.refused} refused again`);
        ({ done } = part);
      }
      const { replayed, duplicates, refused, cut } = total;
      return {
        text: `${replayed} replayed, ${duplicates} known already, ${refused} refused again, ${cut} kept only in part.`,
        structured: { feed, ...total },
      };
    },
  });
}
