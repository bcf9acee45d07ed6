/**
 * Gathers what callers ask for in one turn of the event loop, so that it can travel to an engine in one request. It sends nothing and
 * knows no engine. Where requests of clients have to do their own I/O (Workers), each view of the store gathers for itself, and its
 * turn is over before another request is worked on.
 */
import type { Runtime } from '../base/runtime.ts';

type AfterTurn = NonNullable<Runtime['afterTurn']>;

/**
 * Calls that begin side by side reach a driver behind a few awaits, which are not the same number for each. The turn of a view ends
 * behind so many of them.
 */
const AWAITS = 12;

/** For one caller alone, without waiting for the network or a timer. */
const afterAwaits: AfterTurn = (call) => {
  let left = AWAITS;
  const next = () => {
    left -= 1;
    if (left === 0) call();
    else queueMicrotask(next);
  };
  queueMicrotask(next);
};

export interface Gathering<Asked> {
  /** Hands over what is asked for with all else of this turn, in the order in which it was asked for. */
  ask(asked: Asked): void;
  /** For one more caller. It gathers with all others where requests may answer each other, else for itself. */
  forCaller(): Gathering<Asked>;
}

/**
 * @param afterTurn of the runtime. Without it the gathering itself gathers nothing, since nobody knows whose its calls are, and that of
 * each caller gathers what this caller asks for
 * @param send is given all that was asked for in a turn; it never throws
 */
export function createGathering<Asked>(
  afterTurn: AfterTurn | undefined,
  send: (asked: Asked[]) => void,
): Gathering<Asked> {
  if (afterTurn !== undefined) {
    const shared: Gathering<Asked> = { ask: gathered(afterTurn, send), forCaller: () => shared };
    return shared;
  }
  const alone: Gathering<Asked> = {
    ask: (asked) => send([asked]),
    forCaller: () => ({ ask: gathered(afterAwaits, send), forCaller: () => alone.forCaller() }),
  };
  return alone;
}

function gathered<Asked>(afterTurn: AfterTurn, send: (asked: Asked[]) => void): (asked: Asked) => void {
  let waiting: Asked[] = [];
  return (asked) => {
    waiting.push(asked);
    if (waiting.length > 1) return;
    afterTurn(() => {
      const all = waiting;
      waiting = [];
      send(all);
    });
  };
}

/**
 * Parts in the order of what was asked for, each within both bounds. What is above a bound by itself is a part of its own.
 * @param sizeOf in the unit of `mostSize`
 */
export function inParts<Asked>(
  asked: readonly Asked[],
  { most, mostSize }: { most: number; mostSize: number },
  sizeOf: (one: Asked) => number,
): Asked[][] {
  const parts: Asked[][] = [];
  let size = Infinity;
  for (const one of asked) {
    const own = sizeOf(one);
    const last = parts.at(-1);
    if (last !== undefined && last.length < most && size + own <= mostSize) {
      last.push(one);
      size += own;
    } else {
      parts.push([one]);
      size = own;
    }
  }
  return parts;
}
