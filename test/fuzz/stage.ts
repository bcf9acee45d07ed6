/**
 * The whole HTTP app in this process, on a store in memory and under a time of its own: whoever sleeps sleeps until all
 * else is idle, and then time goes on at once. So an hour of waiting costs nothing, and every run of a seed is the same.
 */
import { setImmediate as idle } from 'node:timers/promises';
import type { App } from '../../src/declare/app.ts';
import { defineApp } from '../../src/declare/check/define-app.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createHost } from '../../src/hosts/host.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { createCredentials, type Credentials } from './credentials.ts';
import { countWorkBeside } from './work-beside.ts';

export interface Logged {
  level: string;
  message: string;
  fields: unknown;
}

export interface FuzzStage {
  logged: Logged[];
  /** Null: everyone is let through. */
  credentials: Credentials | null;
  now(): number;
  pass(ms: number): void;
  /** The whole answer, a streamed one too. */
  send(request: Request): Promise<Answer>;
  /** What a schedule runs, a minute's worth of it. */
  runSchedule(): Promise<void>;
  /** In model time. */
  sleep: (ms: number) => Promise<void>;
  /** Answers as soon as `work` does, and lets time go on while it sleeps. */
  awaken<Result>(work: Promise<Result>): Promise<Result>;
}

export interface Answer {
  status: number;
  type: string;
  text: string;
  headers: Headers;
}

export const PUSH_TOKEN = 'the-token-of-the-fuzz-runs';

interface Sleeper {
  at: number;
  /** It only ends what takes too long. */
  isGuard: boolean;
  wake: () => void;
}

/** A run sends more in a minute of its own time than any caller does, and looks for other answers than 429. */
const UNREACHED = { requests: 1_000_000_000, openStreams: 1_000_000, runningTasks: 1_000_000 };
const TENANTS = ['tenant-0', 'tenant-1', 'tenant-2'];
const START = Date.UTC(2026, 10, 20);
const MINUTE_MS = 60_000;
/** Turns of the event loop after which all that still waits is asleep, with no work of WebCrypto under way. */
const IDLE_TURNS = 3;
/** For so long, real ms, nothing happens before one wakes that only ends what takes too long: what else works beside this thread is done by then. */
const STILL_MS = 250;
/** Most of it that one look at the clock counts, ms: the machine may have given this process no processor between two looks. */
const LOOK_MS = 5;

/** @param asks whether it asks who calls */
export function setFuzzStage(app: App, asks: boolean): FuzzStage {
  const logged: Logged[] = [];
  const sleepers = new Set<Sleeper>();
  const workBeside = countWorkBeside();
  let time = START;
  let made = 0;
  const system = systemRuntime((level, message, fields) => void logged.push({ level, message, fields }));
  const runtime = {
    ...system,
    now: () => time,
    newId: () => {
      made += 1;
      return `00000000-0000-4000-8000-${String(made).padStart(12, '0')}`;
    },
    sleep: (ms: number, signal?: AbortSignal, isGuard = false) =>
      new Promise<void>((resolve) => {
        if (signal?.aborted) return resolve();
        const sleeper: Sleeper = {
          at: time + Math.ceil(ms),
          isGuard,
          wake() {
            sleepers.delete(sleeper);
            signal?.removeEventListener('abort', sleeper.wake);
            resolve();
          },
        };
        signal?.addEventListener('abort', sleeper.wake, { once: true });
        sleepers.add(sleeper);
      }),
  };
  const store = createMemoryStore();
  const credentials = asks ? createCredentials({ store, runtime }) : null;
  const host = createHost({
    app: asks ? defineApp({ ...app.options, quotas: { ...app.options.quotas, ...UNREACHED } }) : app,
    store,
    runtime,
    ...(credentials ? { authenticate: credentials.authenticate, tenants: () => TENANTS } : {}),
    secrets: { current: 'a secret of the fuzz runs, 32 letters', previous: null },
    host: '127.0.0.1',
    variable: () => PUSH_TOKEN,
  });

  function wakeNext(withGuards: boolean): boolean {
    const next = [...sleepers].reduce<Sleeper | null>(
      (first, each) => (first && first.at <= each.at ? first : each),
      null,
    );
    if (next === null || (next.isGuard && !withGuards)) return false;
    time = Math.max(time, next.at);
    next.wake();
    return true;
  }

  async function answerTo(request: Request): Promise<Answer> {
    const response = await host.fetch(request);
    const { status, headers } = response;
    return { status, type: headers.get('content-type') ?? '', text: await response.text(), headers };
  }

  async function awaken<Result>(work: Promise<Result>): Promise<Result> {
    const waiting = { over: false };
    const end = () => void (waiting.over = true);
    work.then(end, end);
    let stillMs = 0;
    let lookedAt = performance.now();
    for (let turns = 1; !waiting.over; turns += 1) {
      await idle();
      if (waiting.over) break;
      if (workBeside() > 0) {
        turns = 0;
        stillMs = 0;
      }
      if (turns === 0 || turns % IDLE_TURNS !== 0) continue;
      const at = performance.now();
      stillMs += Math.min(at - lookedAt, LOOK_MS);
      lookedAt = at;
      if (wakeNext(stillMs >= STILL_MS)) stillMs = 0;
    }
    return work;
  }

  return {
    logged,
    credentials,
    now: () => time,
    pass: (ms) => (time += ms),
    awaken,
    sleep: runtime.sleep,
    send: (request) => awaken(answerTo(request)),
    async runSchedule() {
      await awaken(host.scheduled(time + MINUTE_MS));
    },
  };
}
