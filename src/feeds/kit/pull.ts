/** The function feed: a function of the app returns what is new. `run/` does the pacing, the commits and the retries. */
import * as z from 'zod';
import type { BurstContext, Feed, FeedBatch, FeedItem, FeedPacing, FeedTarget } from '../../declare/feed.ts';
import { pacingOptions } from '../../declare/spec/feed.ts';
import { isSecret, revealed, type Secret, secretsWithin } from '../../declare/secret.ts';
import { judged, made, text, withDefaults } from '../../declare/spec/options.ts';
import { optionProblems } from '../../declare/spec/option-problems.ts';
import { TidegateError } from '../../base/errors.ts';
import type { EventMeta } from '../../base/event.ts';
import { type Json, utf8Bytes, isJsonObject } from '../../base/json.ts';
import { describeShape } from '../../base/json-path.ts';
import { nearestName } from '../../base/known-names.ts';
import { declaredPacing } from './declared-pacing.ts';
import { optionsOf } from './source-options.ts';

/** What `pull` gets. */
export type PullContext = Pick<
  BurstContext,
  'position' | 'budget' | 'deadline' | 'signal' | 'now' | 'random' | 'newId' | 'sleep' | 'fetch' | 'log'
> & {
  /** The texts of the option `secrets`. What is optional and not set is not there. */
  secrets: Readonly<Record<string, string>>;
};

/** An item together with what its source knows of it, or for one of several streams. */
export interface PullEvent {
  data: unknown;
  /** Needed where several streams take from the feed. */
  stream?: string;
  key?: string;
  /** Epoch ms. */
  time?: number;
  /** `{ gap: { reason } }`, with null as the data, says that events are missing here. */
  meta?: EventMeta;
}

/** What is new. All of it is committed together with `position`, before an async iteration goes on. */
export interface Pulled {
  /** Data for the one stream that the feed fills. */
  items?: readonly unknown[];
  /** Data with a key, a time or a stream of their own. They come after `items`. */
  events?: readonly PullEvent[];
  /** Where the next pull goes on. Without it the position stays as it was. */
  position?: Json;
  /** Whether nothing more is new. Default: true for an answer, false within an iteration. */
  last?: boolean;
  /** How many items are known to wait at the source. */
  backlog?: number;
}

export interface PullOptions extends FeedPacing {
  /** What operators and agents are shown as the source; never a secret. @default a function of the app */
  source?: string;
  /** Whether the same position gives again what was not committed. @default true */
  replayable?: boolean;
  /**
   * Whether the function tells its source what was committed, such as a queue, which then does not give it again. What is lost
   * where the store went back to an earlier state is told as a gap then.
   * @default false
   */
  acknowledges?: boolean;
  /** Secrets of the environment that the function needs, by names of your own. It gets their texts as `secrets`. */
  secrets?: Readonly<Record<string, Secret>>;
  /** Reads what is new since `position`. It has to end soon after `signal` aborts. If it throws, the feed has failed. */
  pull: (context: PullContext) => Promise<Pulled> | AsyncIterable<Pulled>;
}

export const pullSpec = z.strictObject({
  source: text('a text that says where the data are from').default('a function of the app'),
  replayable: z.boolean({ error: 'true or false' }).default(true),
  acknowledges: z.boolean({ error: 'true or false' }).default(false),
  secrets: z
    .record(z.string(), judged<Secret>("secret('THE_VARIABLE')", isSecret), { error: 'secrets by name' })
    .readonly()
    .optional(),
  pull: made<PullOptions['pull']>('a function'),
  ...pacingOptions,
});

/**
 * A feed written in the app:
 * `pull({ everyMs: 5_000, pull: async ({ position }) => ({ items: await readSince(position), position: … }) })`.
 */
export function pull(given: PullOptions): Feed {
  const options = optionsOf(given);
  const { source, replayable, acknowledges, secrets = {}, pull: read } = withDefaults(pullSpec, options);
  return {
    kind: 'feed',
    type: 'function',
    source,
    secrets: secretsWithin(secrets),
    pacing: declaredPacing(options),
    replayable,
    acknowledges,
    relists: true,
    problems: () => optionProblems(pullSpec, options),
    async *burst(context) {
      const answer = read({ ...context, secrets: revealed<Record<string, string>>(secrets, context.secret) });
      if (!isIterable(answer)) {
        yield { last: true, ...toBatch(await answer, context.targets) };
        return;
      }
      for await (const pulled of answer) {
        yield toBatch(pulled, context.targets);
        if (pulled.last) return;
      }
    },
  };
}

function isIterable(answer: Promise<Pulled> | AsyncIterable<Pulled>): answer is AsyncIterable<Pulled> {
  return typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer;
}

const MEMBERS: ReadonlySet<string> = new Set(['items', 'events', 'position', 'last', 'backlog']);

function toBatch(pulled: Pulled, targets: readonly FeedTarget[]): FeedBatch {
  const given: unknown = pulled;
  const unknown = isJsonObject(given) ? Object.keys(given).filter((name) => !MEMBERS.has(name)) : [];
  if (!isJsonObject(given) || unknown.length > 0) {
    const [name = ''] = unknown;
    const near = nearestName(name, MEMBERS, 2);
    const what = isJsonObject(given)
      ? `an object with ${name}${near === null ? '' : ` (did you mean ${near}?)`}`
      : describeShape(given);
    throw new TidegateError('upstream', `pull answered ${what}`, {
      field: 'pull',
      expected: 'an object such as { items: [...], position }; {} where nothing is new',
    });
  }
  const { items = [], events = [], position, last, backlog } = pulled;
  for (const [field, list] of Object.entries({ items, events })) {
    if (Array.isArray(list)) continue;
    throw new TidegateError('upstream', `pull answered ${field} that are no list`, { field, expected: 'an array' });
  }
  const all = [...items.map((data): PullEvent => ({ data })), ...events];
  return {
    items: all.map((event) => toItem(event, targets)),
    ...(position === undefined ? {} : { position }),
    ...(last === undefined ? {} : { last }),
    ...(backlog === undefined ? {} : { backlog }),
  };
}

function toItem({ stream, ...event }: PullEvent, targets: readonly FeedTarget[]): FeedItem {
  const name = stream ?? (targets.length === 1 ? targets[0]?.stream : undefined);
  if (name === undefined) {
    throw new TidegateError('upstream', 'the feed fills several streams, and an item names none', {
      field: 'stream',
      expected: `one of ${targets.map((target) => target.stream).join(', ')}, in events`,
    });
  }
  return { ...event, stream: name, bytes: sizeOf(event.data) };
}

function sizeOf(data: unknown): number {
  try {
    return utf8Bytes(JSON.stringify(data) ?? '');
  } catch {
    return 0;
  }
}
