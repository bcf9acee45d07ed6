/** One who reads on in a stream, from cursor to cursor, outside of the store: what a restore takes back it still knows. */
import type { StreamEvent } from '../../../src/base/event.ts';
import { createAppStreams } from '../../../src/calls/streams.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import { tailStream } from '../../../src/streams/history/tail.ts';
import { scopeOf } from '../../../src/streams/scope.ts';
import { ADA } from '../../tasks/stage.ts';
import type { Name } from './found.ts';
import { MINUTE, type World } from './world.ts';

export type Way = 'read' | 'tail';

export interface Agent {
  name: string;
  stream: Name;
  /** Ids of the events that it got since it was last told that some are missing, in order. */
  got: string[];
  /** How often it was told. */
  told: number;
  /** Reads on to the end. */
  goOn: () => Promise<void>;
}

type Page = { events: readonly StreamEvent[]; cursor: string | null; truncated: boolean };

const PAGE = 40;

export async function startAgent(world: World, stream: Name, way: Way): Promise<Agent> {
  const deps = world.deps();
  const next: Record<Way, (cursor: string | null) => Promise<Page>> = {
    read: (cursor) => createAppStreams(deps, ADA).read(stream, cursor, PAGE),
    tail: (cursor) =>
      tailStream(scopeOf(deps, ADA), findStream(deps.app, stream), {
        cursor,
        maxEvents: PAGE,
        timeoutMs: 0,
        settleMs: 0,
        signal: new AbortController().signal,
        deadline: deps.runtime.now() + MINUTE,
      }),
  };
  // Before the first event both begin at the beginning.
  let { cursor } = await world.drive(next[way](null));
  const agent: Agent = {
    name: `${way} of ${stream}`,
    stream,
    got: [],
    told: 0,
    async goOn() {
      for (let more = true; more;) {
        const page = await world.drive(next[way](cursor));
        if (page.truncated) {
          agent.told += 1;
          agent.got = [];
        }
        agent.got.push(...page.events.map(({ id }) => id));
        cursor = page.cursor;
        more = page.events.length >= PAGE;
      }
    },
  };
  return agent;
}
