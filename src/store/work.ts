/**
 * A request's share of what its process can do at once. Before a request reads from the store it asks for a turn, so that cheap
 * requests pass dear ones, and what all of them hold has a bound. Who gives turns is the host's to say (`hosts/node/turns/turns.ts`).
 * A commit asks for none, since what was read for it would be out of date by then; what it costs counts when its connection asks
 * for the next turn.
 */
import { jsonBytes } from '../base/json.ts';
import type { Pace } from '../base/pace.ts';
import type { Runtime } from '../base/runtime.ts';
import type { Operation, Store } from './store.ts';

export interface Work {
  /**
   * Asks to go on with what will hold about so many bytes, until the next turn, the next rest or the end. Null: at once. It
   * rejects with `overloaded` where it does not come in time. Once the request has told of work by `spend` it comes in any case:
   * what was done must not be done again.
   */
  turn(bytes: number): Promise<void> | null;
  /**
   * Says that the request will wait for something, holding so many bytes. False: it should answer what it has, because too many
   * wait already.
   */
  rest(bytes: number): boolean;
  /** Gives way to cheaper requests between two pieces of a long work, and keeps what it holds. Absent: as the runtime says. */
  pace?: Pace;
  /** Tells of work that was not asked for as a turn. Absent: nobody counts it. */
  spend?(bytes: number): void;
  /** Tells that there is an answer, or one begins, or the work of one that is streamed is done: what is kept then counts elsewhere. Absent: nobody counts. */
  answered?(): void;
  /** About how many bytes an entry of that log has, after those that were read. */
  entryBytes(log: string): number;
  /** Tells how many bytes an entry had. */
  took(log: string, bytes: number): void;
}

/** Of a process that has no bounds to keep, or keeps them elsewhere. */
export const UNBOUNDED: Work = { turn: () => null, rest: () => true, entryBytes: () => 0, took() {} };

/** Taken of a record, of which a read has no count of bytes. */
const RECORD_BYTES = 1_024;

/** Of a write, which an embedded store waits for. */
const WRITE_BYTES = 65_536;
/** Of a record that is due: it begins work that goes on without the request. */
const DUE_BYTES = 1_048_576;

function bytesOf(operations: readonly Operation[]): number {
  const due = operations.filter((one) => one.kind === 'put' && one.due);
  return WRITE_BYTES + due.length * DUE_BYTES;
}

/** The same runtime, whose loops give way as the request's share says. */
export function pacedBy(runtime: Runtime, work: Work): Runtime {
  if (work.pace === undefined) return runtime;
  const pace = () => work.pace?.() ?? null;
  return { ...runtime, pace: () => pace };
}

/** The same share, which never rests: the request answers what it has. */
export function withoutRest(work: Work): Work {
  return {
    turn: (bytes) => work.turn(bytes),
    rest: () => false,
    entryBytes: (log) => work.entryBytes(log),
    took: (log, bytes) => work.took(log, bytes),
    ...(work.pace && { pace: () => work.pace?.() ?? null }),
    ...(work.spend && { spend: (bytes: number) => work.spend?.(bytes) }),
    ...(work.answered && { answered: () => work.answered?.() }),
  };
}

/**
 * The same store, which asks for a turn before each read. Where a commit failed because another came in between, what is read for
 * the next one asks for none: those who wait for turns between a read and its commit would hinder each other for ever.
 */
export function inTurns(store: Store, work: Work): Store {
  let isRepeated = false;
  const turn = (bytes: number) => (isRepeated ? null : work.turn(bytes));

  function paged<Page extends { entries: readonly { value: unknown }[] }>(
    log: string,
    entries: number,
    read: () => Promise<Page>,
  ): Promise<Page> {
    return after(turn(entries * work.entryBytes(log)), async () => {
      const page = await read();
      const [first] = page.entries;
      if (first !== undefined) work.took(log, jsonBytes(first.value));
      return page;
    });
  }
  return {
    ...store,
    get: (...asked) => after(turn(RECORD_BYTES), () => store.get(...asked)),
    getMany: (...asked) => after(turn(asked[0].length * RECORD_BYTES), () => store.getMany(...asked)),
    list: (...asked) => after(turn(asked[1].limit * RECORD_BYTES), () => store.list(...asked)),
    async commit(...asked) {
      work.spend?.(bytesOf(asked[0]));
      const result = await store.commit(...asked);
      isRepeated = result.status === 'conflict';
      return result;
    },
    read: (...asked) => paged(asked[0], asked[2], () => store.read(...asked)),
    last: (...asked) => paged(asked[0], asked[1], () => store.last(...asked)),
  };
}

function after<Value>(turn: Promise<void> | null, read: () => Promise<Value>): Promise<Value> {
  return turn === null ? read() : turn.then(read);
}
