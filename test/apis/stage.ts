/** HTTP tools of an app on a stage: a real server behind them, a clock that goes on only where somebody waits, and a counted store. */
import type { RequestListener } from 'node:http';
import { composeRegistry } from '../../src/hosts/serving.ts';
import type { Tool } from '../../src/declare/tool.ts';
import type { ContentBlock } from '../../src/declare/content.ts';
import { type Principal, PUBLIC } from '../../src/base/principal.ts';
import { type Fetch, systemRuntime } from '../../src/base/runtime.ts';
import { api, type Api, type ApiOptions, defineApp } from '../../src/index.ts';
import type { Caller } from '../../src/calls/caller.ts';
import { countCalls, type CountedStore } from '../../src/store/counting.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import type { HttpSource } from '../services/http-feed.ts';

/** Whoever sleeps longer waits for the end of what the sleep is to cut off, not for the clock. */
const LONGEST_WAIT_MS = 5_000;

export interface Said {
  text: string;
  structured: unknown;
  isError: boolean;
}

export interface StageOptions {
  store?: Store;
  variables?: Record<string, string>;
  random?: () => number;
  fetch?: Fetch;
}

export interface Stage {
  counted: CountedStore;
  /** Pauses that were waited for, ms. */
  slept: number[];
  logged: string[];
  now(): number;
  advance(ms: number): void;
  call(name: string, args?: object, caller?: Partial<Caller>): Promise<Said>;
}

export const START = Date.UTC(2026, 10, 20, 12);

export function onStage(
  tools: Record<string, Tool>,
  { store, variables = {}, random = () => 0.5, fetch }: StageOptions = {},
): Stage {
  let now = START;
  /** The deadline of the latest call: who sleeps longer watches it, and does not pause. */
  let endsAt = Number.POSITIVE_INFINITY;
  const slept: number[] = [];
  const logged: string[] = [];
  const counted = countCalls(store ?? createMemoryStore({}));
  const runtime = {
    ...systemRuntime((level, message, fields) => void logged.push(JSON.stringify([level, message, fields]))),
    now: () => now,
    random,
    ...(fetch ? { fetch } : {}),
    sleep(ms: number, signal?: AbortSignal) {
      if (ms > LONGEST_WAIT_MS || now + ms > endsAt)
        return new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
      slept.push(ms);
      now += ms;
      return Promise.resolve();
    },
  };
  const app = defineApp({ name: 'staged', version: '1', description: 'HTTP tools', tools });
  const registry = composeRegistry({ app, runtime }, { variable: (name) => variables[name] ?? null });
  return {
    counted,
    slept,
    logged,
    now: () => now,
    advance: (ms) => void (now += ms),
    async call(name, args = {}, caller = {}) {
      const whole: Caller = {
        principal: PUBLIC,
        account: { store: counted.store },
        signal: new AbortController().signal,
        deadline: now + 30_000,
        clientCapabilities: {},
        retry: null,
        meta: {},
        log: nothing,
        progress: nothing,
        emit: nothing,
        ...caller,
      };
      endsAt = whole.deadline;
      const result = await registry.tools.call(name, args, whole);
      const { content, structuredContent, isError } = result as {
        content: ContentBlock[];
        structuredContent?: unknown;
        isError?: boolean;
      };
      const text = content.map((block) => (block.type === 'text' ? block.text : '')).join('\n');
      return { text, structured: structuredContent, isError: isError === true };
    },
  };
}

function nothing(): void {}

export const OTHER: Principal = { ...PUBLIC, tenant: 'other' };

/** The API that a source is. */
export function apiOf(source: HttpSource, more: Partial<ApiOptions> = {}): Api {
  return api({ name: 'shop', url: source.origin, allow: [source.host], ...more });
}

/** One behaviour after the other; the last one stays. */
export function inTurn(...behaviours: RequestListener[]): RequestListener {
  let at = 0;
  return (request, response) => {
    const behaviour = behaviours[Math.min(at, behaviours.length - 1)];
    at += 1;
    behaviour?.(request, response);
  };
}

export function withStatus(code: number, body: unknown, headers: Record<string, string> = {}): RequestListener {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return (_request, response) => response.writeHead(code, headers).end(text);
}
