/** Three instances over one store, clients whose every request goes to another one, and connections that are cut. */
import * as z from 'zod';
import { defineApp, prompt, stream, tool } from '../../../src/index.ts';
import type { Store } from '../../../src/store/store.ts';
import { type Served, serveApp, type ServeOptions } from '../served.ts';

/** What a call of the tool `work` waits for. Each call is named by its client. */
export interface Gate {
  /** Resolves when the call is at work. */
  begun: Promise<void>;
  /** Lets it answer. */
  open: () => void;
  /** Resolves with what its handler ended with. */
  ended: Promise<'answered' | 'aborted'>;
}

interface Inner extends Gate {
  begin: () => void;
  end: (how: 'answered' | 'aborted') => void;
  opened: Promise<void>;
}

const gates = new Map<string, Inner>();

export function gate(name: string): Gate {
  return innerGate(name);
}

function innerGate(name: string): Inner {
  const begun = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<'answered' | 'aborted'>();
  const made = gates.get(name) ?? {
    begun: begun.promise,
    begin: () => begun.resolve(),
    opened: opened.promise,
    open: () => opened.resolve(),
    ended: ended.promise,
    end: ended.resolve,
  };
  gates.set(name, made);
  return made;
}

export const relayApp = defineApp({
  name: 'relayed',
  version: '1',
  description: 'Works for as long as a test wants',
  streams: { readings: stream({ description: 'Readings', schema: z.object({ n: z.number() }) }) },
  prompts: {
    failing: prompt({
      description: 'Tells something, and fails.',
      run: (_input, { log }) => {
        log('info', 'about to fail');
        return Promise.reject(new Error('failed'));
      },
    }),
  },
  tools: {
    read: tool({
      description: 'Reads once.',
      annotations: { readOnlyHint: true },
      run: async (_input, { streams }) => JSON.stringify(await streams.last('readings', 1)),
    }),
    long: tool({
      description: 'Ends its connection, and answers when it is let.',
      inputJsonSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
      run: async (input, { closeStream }) => {
        const { name } = input as { name: string };
        closeStream();
        await innerGate(name).opened;
        return `done: ${name}`;
      },
    }),
    work: tool({
      description: 'Tells that it has begun, and answers when it is let.',
      inputJsonSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
      run: async (input, { progress, signal }) => {
        const { name } = input as { name: string };
        const { begin, opened, end } = innerGate(name);
        progress(1, 2);
        begin();
        const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        await Promise.race([opened, aborted]);
        end(signal.aborted ? 'aborted' : 'answered');
        if (signal.aborted) throw new Error('aborted');
        return `done: ${name}`;
      },
    }),
  },
});

export async function instances(store: Store, options: ServeOptions = {}): Promise<Served[]> {
  return Promise.all([1, 2, 3].map(() => serveApp(relayApp, { store, ...options })));
}

export interface Relay {
  fetch: typeof fetch;
  /** What was sent: the method, the instance and the status. */
  asked: { method: string; at: number; status: number }[];
  /** Breaks off the answers to messages that are open; streams of sessions stay. */
  cut(): void;
}

/** A fetch whose requests go to one instance after the other, whatever host they name. */
export function relayTo(served: readonly Served[]): Relay {
  const open = new Set<AbortController>();
  const asked: Relay['asked'] = [];
  let turn = 0;
  return {
    asked,
    cut() {
      for (const each of open) each.abort(new Error('cut by the test'));
      open.clear();
    },
    async fetch(input, init) {
      const at = turn++ % served.length;
      const url = new URL(input instanceof Request ? input.url : input);
      const target = new URL(url.pathname + url.search, served[at]?.url);
      const cutting = new AbortController();
      if (init?.method === 'POST') open.add(cutting);
      const signal = init?.signal ? AbortSignal.any([init.signal, cutting.signal]) : cutting.signal;
      const response = await fetch(target, { ...init, signal });
      asked.push({ method: init?.method ?? 'GET', at, status: response.status });
      return response;
    },
  };
}
