/** A small app with its built-in tools and resources behind the registry, as every edge uses them. */
import * as z from 'zod';
import type { Feed } from '../../src/declare/feed.ts';
import { stream } from '../../src/declare/stream.ts';
import { PUBLIC } from '../../src/base/principal.ts';
import { type FeedState, newState } from '../../src/feeds/records/state.ts';
import type { Caller } from '../../src/calls/caller.ts';
import { createRegistry, type Registry } from '../../src/mcp/registry/registry.ts';
import { streamResources } from '../../src/tools/stream-resources.ts';
import { streamTools } from '../../src/tools/index.ts';
import { feedKey } from '../../src/feeds/records/state.ts';
import { completed } from '../mcp/registry/completed.ts';
import { type Bench, bench, TENANT } from '../streams/history/fixture.ts';
import { NO_STATES } from '../calls/states.ts';

export const silent: Feed = {
  kind: 'feed',
  type: 'test',
  source: 'nowhere',
  pacing: {},
  replayable: false,
  problems: () => [],
  async *burst() {},
};

export interface Plant extends Bench {
  registry: Registry;
  caller: Caller;
  /** What the caller was told while a tool ran. */
  progress: { progress: number; total: number | undefined; message: string | undefined }[];
  putFeed(name: string, state: Partial<FeedState>): Promise<void>;
  /** Calls a tool and answers its structured content; fails where the tool refused. */
  call(name: string, args: object): Promise<{ structured: Record<string, unknown>; text: string }>;
  /** Calls a tool that is to refuse, and answers why. */
  refused(name: string, args: object): Promise<string>;
}

/** The built-in tools read the store themselves. */
function streamsFor(): never {
  throw new Error('nothing here reads through the streams of an app');
}

function untilAborted(_ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal?.addEventListener('abort', () => resolve()));
}

export function plant(): Plant {
  const at = bench({
    plant: stream({
      title: 'Plant',
      description: 'Temperatures and pressures of the boilers, every second.',
      schema: z.object({
        temp: z.number().meta({ unit: '°C', description: 'Of the water' }),
        pump: z.object({ state: z.enum(['on', 'off']), rpm: z.number().nullable() }),
      }),
      key: () => 'k',
      feed: silent,
    }),
    notes: stream({
      description: 'Notes of the shift.',
      schema: z.object({ text: z.string() }),
      id: 'text',
      latenessMs: Infinity,
      example: { text: 'all quiet' },
    }),
  });
  // The registry watches the caller's deadline by sleeping up to it: not on the clock that a sleep moves.
  const runtime = { ...at.deps.runtime, sleep: untilAborted };
  const registry = createRegistry({ ...at.deps, runtime, streamsFor, requestStates: NO_STATES }, [
    { tools: streamTools(at.deps), resources: streamResources(at.deps) },
  ]);
  const progress: Plant['progress'] = [];
  const caller: Caller = {
    principal: PUBLIC,
    account: { store: at.deps.store },
    signal: new AbortController().signal,
    deadline: at.clock.now + 3_600_000,
    clientCapabilities: null,
    retry: null,
    meta: {},
    log: () => {},
    progress: (value, total, message) => void progress.push({ progress: value, total, message }),
    emit: () => {},
  };
  const run = async (name: string, args: object) => {
    at.calls.length = 0;
    const { content, structuredContent, isError } = completed(await registry.tools.call(name, args, caller));
    const text = content.map((block) => (block.type === 'text' ? block.text : '')).join('\n');
    return { structured: structuredContent as Record<string, unknown>, text, isError: isError ?? false };
  };
  return {
    ...at,
    registry,
    caller,
    progress,
    async putFeed(name, state) {
      const key = feedKey(TENANT, name);
      const { version } = await at.deps.store.get(key, at.clock.now);
      const value = { ...newState(), ...state } as never;
      await at.deps.store.commit([{ kind: 'put', ...key, value, expects: version }], {
        id: at.deps.runtime.newId(),
        now: at.clock.now,
        deadline: at.clock.now + 1_000,
      });
    },
    async call(name, args) {
      const { structured, text, isError } = await run(name, args);
      if (isError) throw new Error(text);
      return { structured, text };
    },
    async refused(name, args) {
      const { text, isError } = await run(name, args);
      if (!isError) throw new Error('the tool did not refuse');
      return text;
    },
  };
}
