/**
 * Runs processes on one store, one store call at a time, in an order that is chosen: every order there is, or orders
 * drawn by chance. A process goes on from one gated call to the next; the others stand still meanwhile.
 */
import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Runtime } from '../../src/base/runtime.ts';
import type { CommitResult, Operation, Store } from '../../src/store/store.ts';

/** Whether a process stands still before this call. */
export type Gate = (call: keyof Store, args: readonly unknown[]) => boolean;

export interface Process {
  run(store: Store): Promise<unknown>;
  gate: Gate;
  /** It is killed at its gated call of this number, from 1 on. */
  diesAt?: number;
}

interface Running {
  open: (() => void) | null;
  /** Calls that it made beside the one that stands at the gate. */
  behind: (() => void)[];
  done: boolean;
  passed: number;
  /** What the store answered to each of its calls. */
  heard: string[];
}

/**
 * Which of so many processes goes on, from 0 on.
 * @param state equal where all that follows is equal: what each process heard, and what stands in the store. It tells so only of
 * processes that do the same whenever they hear the same, and of a store whose versions are the ids of commits
 */
export type Choose = (among: number, state: () => string) => number;

/** Turns of promises that a process takes from one gate to the next, at most. */
const MOST_TURNS = 5_000;
const MOST_MS = 2_000;

/** A runtime in which nothing takes time: pauses of up to `shortMs` are over at once, longer ones last for ever. */
export function withoutTime(runtime: Runtime, shortMs = 20): Runtime {
  return {
    ...runtime,
    async sleep(ms, signal) {
      if (ms > shortMs) {
        await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
      }
      for (let turns = 0; turns < 20; turns += 1) await Promise.resolve();
    },
  };
}

/** Runs all to their ends, or deaths. */
export async function interleave(store: Store, processes: readonly Process[], choose: Choose): Promise<void> {
  const stands = new Map<string, string>();
  const running = processes.map((process) => {
    const state: Running = { open: null, behind: [], done: false, passed: 0, heard: [] };
    const gated = new Proxy(store, {
      get(target, name: keyof Store) {
        const member = target[name];
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          if (process.gate(name, args)) {
            await new Promise<void>((resolve) => {
              if (state.open === null) state.open = resolve;
              else state.behind.push(resolve);
            });
          }
          const result = await (member as (...args: unknown[]) => Promise<unknown>)(...args);
          state.heard.push(JSON.stringify(result) ?? '');
          if (name === 'commit') note(stands, args[0] as Operation[], result as CommitResult);
          return result;
        };
      },
    });
    process.run(gated).then(
      () => (state.done = true),
      (error: unknown) => {
        state.done = true;
        throw error;
      },
    );
    return { process, state };
  });
  for (const { state } of running) await standing(state);
  for (;;) {
    const able = running.filter(({ process, state }) => !state.done && state.passed + 1 !== process.diesAt);
    if (able.length === 0) return;
    const chosen = able[choose(able.length, () => stateOf(running, stands))];
    if (!chosen) throw new Error('chosen from nowhere');
    const { state } = chosen;
    const open = state.open;
    state.open = state.behind.shift() ?? null;
    state.passed += 1;
    open?.();
    await standing(state);
  }
}

/** The version of each record that was written since the beginning, and the order of appends of each log. */
function note(stands: Map<string, string>, operations: readonly Operation[], result: CommitResult): void {
  if (result.status !== 'committed') return;
  for (const one of operations) {
    if (one.kind === 'append') stands.set(one.log, `${stands.get(one.log) ?? ''} ${result.version}`);
    else if (one.kind !== 'check') stands.set(`${one.partition} ${one.id}`, one.kind === 'put' ? result.version : '');
  }
}

function stateOf(running: readonly { state: Running }[], stands: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256');
  for (const { state } of running) hash.update(JSON.stringify([state.passed, state.behind.length, state.heard]));
  const entries = [...stands].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return hash.update(JSON.stringify(entries)).digest('base64url');
}

/** Until it stands at a gate, or is done. */
async function standing(state: Running): Promise<void> {
  for (let turns = 0; turns < MOST_TURNS && state.open === null && !state.done; turns += 1) await Promise.resolve();
  // Ciphers and hashes are at work in threads of their own.
  for (let ms = 0; ms < MOST_MS && state.open === null && !state.done; ms += 1) await setTimeout(1);
  if (state.open === null && !state.done) throw new Error('a process waits for something that is no gate');
}

/** Calls `run` with every sequence of choices there is; answers how many. */
export async function everyOrder(run: (choose: Choose) => Promise<void>): Promise<number> {
  return walk(run, () => false);
}

/** An order goes on from here as another one did. */
const KNOWN = Symbol('known');

/**
 * Reaches every state that some sequence of choices reaches, and goes on from each of them once; answers how many there are. What
 * `run` asks at its end is asked of every end: an order that meets a known state is left there.
 */
export async function everyState(run: (choose: Choose) => Promise<void>): Promise<number> {
  const known = new Set<string>();
  await walk(run, (state) => known.size === known.add(state()).size);
  return known.size;
}

/** Depth first. @param isKnown whether an order that comes to this for the first time need not go on */
async function walk(
  run: (choose: Choose) => Promise<void>,
  isKnown: (state: () => string) => boolean,
): Promise<number> {
  let path: number[] = [];
  for (let runs = 1; ; runs += 1) {
    const taken: { chose: number; among: number }[] = [];
    try {
      await run((among, state) => {
        if (taken.length >= path.length && isKnown(state)) throw KNOWN;
        const chose = path[taken.length] ?? 0;
        taken.push({ chose, among });
        return chose;
      });
    } catch (thrown) {
      if (thrown !== KNOWN) throw thrown;
    }
    while (taken.length > 0 && (taken.at(-1)?.chose ?? 0) + 1 >= (taken.at(-1)?.among ?? 0)) taken.pop();
    const last = taken.at(-1);
    if (!last) return runs;
    path = [...taken.slice(0, -1).map(({ chose }) => chose), last.chose + 1];
  }
}

/** Calls `run` with so many orders that are drawn, the same each time; answers how many. */
export async function someOrders(runs: number, run: (choose: Choose) => Promise<void>): Promise<number> {
  for (let seed = 1; seed <= runs; seed += 1) {
    const random = seeded(seed);
    await run((among) => Math.floor(random() * among));
  }
  return runs;
}

/** Chance that comes again with the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
