/** One who reads on in a stream, from cursor to cursor, outside of the store: what a restore takes back it still knows. */
import type { StreamEvent } from '../../../src/base/event.ts';
import { createAppStreams } from '../../../src/calls/streams.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import { readHistory } from '../../../src/streams/history/events.ts';
import { tailStream } from '../../../src/streams/history/tail.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { ADA } from '../../tasks/stage.ts';
import type { Name } from './found.ts';
import { MINUTE, START, type World } from './world.ts';

/** `oldest`, `range` and `newest` read the past a small page at a time, in their order, and then follow on as `tail`. */
export const WAYS = ['read', 'tail', 'oldest', 'range', 'newest'] as const;
export type Way = (typeof WAYS)[number];

export interface Agent {
  name: string;
  way: Way;
  stream: Name;
  /** Ids of the events that it got since it was last told that some are missing, in order. */
  got: string[];
  /** How often it was told. */
  told: number;
  /** Reads on: a page of the past, or what else there is. */
  goOn: () => Promise<void>;
  /** Reads on to the end. */
  finish: () => Promise<void>;
}

type Page = { events: readonly StreamEvent[]; cursor: string | null; truncated: boolean; anew?: boolean };

const PAGE = 40;
const SMALL_PAGE = 5;

export async function startAgent(world: World, stream: Name, way: Way): Promise<Agent> {
  const deps = world.deps();
  const scope = scopeOfLogs(deps, ADA);
  const declared = findStream(deps.app, stream);
  const tail = (cursor: string | null): Promise<Page> =>
    tailStream(scope, declared, {
      cursor,
      maxEvents: PAGE,
      timeoutMs: 0,
      settleMs: 0,
      signal: new AbortController().signal,
      deadline: deps.runtime.now() + MINUTE,
    });
  const past = (cursor: string | null) =>
    readHistory(scope, declared, {
      limit: SMALL_PAGE,
      order: way === 'newest' ? 'newest' : 'oldest',
      ...(way === 'range' ? { from: START - MINUTE } : {}),
      ...(cursor === null ? {} : { cursor }),
    });
  const follow = (at: string | null): Promise<Page> =>
    way === 'read' ? createAppStreams(deps, ADA).read(stream, at, PAGE) : tail(at);
  let isPast = way !== 'read' && way !== 'tail';
  // Before the first event all begin at the beginning.
  let { cursor } = isPast ? { cursor: null } : await world.drive(follow(null));
  /** Where it goes on once it has read the past. */
  let after: string | null = null;

  function take(page: Page, isOlder: boolean): void {
    if (page.truncated) {
      agent.told += 1;
      agent.got = [];
    }
    const ids = page.events.map(({ id }) => id);
    agent.got = isOlder ? [...ids.toReversed(), ...agent.got] : [...agent.got, ...ids];
  }

  /** False: the past is read. */
  async function readPast(): Promise<boolean> {
    const page = await world.drive(past(cursor));
    take(page, way === 'newest');
    after = page.tailCursor ?? after;
    isPast = page.cursor !== null;
    cursor = page.cursor ?? after;
    return isPast;
  }

  async function goOn(): Promise<void> {
    if (isPast && (await readPast())) return;
    for (let more = true; more;) {
      const page = await world.drive(follow(cursor));
      take(page, false);
      ({ cursor } = page);
      more = page.events.length >= PAGE;
    }
  }
  const agent: Agent = {
    name: `${way} of ${stream}`,
    way,
    stream,
    got: [],
    told: 0,
    goOn,
    async finish() {
      while (isPast) await readPast();
      await goOn();
    },
  };
  return agent;
}
