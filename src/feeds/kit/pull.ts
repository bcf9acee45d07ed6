/** The function feed: the app itself says what is new. */
import type { BurstContext, Feed, FeedBatch, FeedItem, FeedPacing, FeedTarget } from '../../declare/feed.ts';
import type { Problem } from '../../declare/problem.ts';
import { type KnownNames, unknownKeys } from '../../declare/spec/known-names.ts';
import { TidegateError } from '../../base/errors.ts';
import type { EventMeta } from '../../base/event.ts';
import { type Json, utf8Bytes } from '../../base/json.ts';
import { declaredPacing } from './declared-pacing.ts';

/** What `pull` gets. */
export type PullContext = Pick<
  BurstContext,
  'position' | 'budget' | 'deadline' | 'signal' | 'now' | 'random' | 'newId' | 'sleep' | 'fetch' | 'log'
>;

/** An item with what its transport knows of it, or for one of several streams. */
export interface PullEvent {
  data: unknown;
  /** Needed where several streams take from the feed. */
  stream?: string;
  key?: string;
  /** Epoch ms. */
  time?: number;
  /** `{ gap: { reason } }` with null data: events are known to be missing here. */
  meta?: EventMeta;
}

/** What is new: committed with `position`, all of it, before an async iteration goes on. */
export interface Pulled {
  /** Data, for the one stream that the feed fills. */
  items?: readonly unknown[];
  /** The same with more to say; after `items`. */
  events?: readonly PullEvent[];
  /** Where the next pull goes on; absent: as before. */
  position?: Json;
  /** That is all for now. Default: true for an answer, false within an iteration. */
  last?: boolean;
  /** How many items are known to wait. */
  backlog?: number;
}

export interface PullOptions extends FeedPacing {
  /** Shown to operators and agents; never a secret. Default `a function of the app`. */
  source?: string;
  /** Whether the same position gives again what was not committed; default true. */
  replayable?: boolean;
  /** Has to end by itself soon after `signal` aborts. What it throws is a failure of the feed. */
  pull: (context: PullContext) => Promise<Pulled> | AsyncIterable<Pulled>;
}

/**
 * A feed written in the app:
 * `pull({ everyMs: 5_000, pull: async ({ position }) => ({ items: await readSince(position), position: … }) })`.
 */
export function pull(options: PullOptions): Feed {
  const { source = 'a function of the app', replayable = true, pull: read } = options;
  return {
    kind: 'feed',
    type: 'function',
    source,
    pacing: declaredPacing(options),
    replayable,
    problems: () => problemsOf(options),
    async *burst(context) {
      const answer = read(context);
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

const KNOWN: KnownNames<PullOptions> = {
  source: true,
  replayable: true,
  pull: true,
  everyMs: true,
  budget: true,
  overflow: true,
  sample: true,
};

function problemsOf(options: PullOptions): Problem[] {
  const unknown = unknownKeys(options, KNOWN);
  const found = typeof options.pull;
  return found === 'function' ? unknown : [...unknown, { path: 'pull', expected: 'a function', found }];
}

function isIterable(answer: Promise<Pulled> | AsyncIterable<Pulled>): answer is AsyncIterable<Pulled> {
  return typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer;
}

function toBatch(pulled: Pulled, targets: readonly FeedTarget[]): FeedBatch {
  const { items = [], events = [], position, last, backlog } = (pulled as Pulled | undefined) ?? {};
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
