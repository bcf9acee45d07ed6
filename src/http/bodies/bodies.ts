/**
 * The one reader of bodies. It reads up to a limit, whether or not a header declares a length, keeps bytes as bytes, and holds
 * what all unfinished bodies of the process take within one bound: whoever sends more is not read on until there is room.
 */
import type { Runtime } from '../../base/runtime.ts';
import { startTimer } from '../../base/time/timer.ts';
import { dropRest } from './unread-body.ts';

/**
 * Why there is no body: 413 above the limit, 400 for what broke off or is no UTF-8, 408 for what did not come in time, 503
 * where other bodies take all the room.
 */
export interface BodyFault {
  ok: false;
  status: 400 | 408 | 413 | 503;
  fault: 'text' | 'size' | 'time' | 'room';
  expected: string;
}
type BodyText = { ok: true; text: string } | BodyFault;
type BodyBytes = { ok: true; bytes: Uint8Array } | BodyFault;

/** Takes the next chunk of a body, and owns it. What it answers is awaited before more is read; `false`: no more is wanted. */
export type TakeChunk = (chunk: Uint8Array) => false | Promise<boolean> | null;

/** Hands a body over chunk by chunk, and resolves at its end. Rejects where it broke off. */
export type BodySource = (take: TakeChunk) => Promise<void>;

export interface BodyBounds {
  /** Most bytes that unfinished bodies take together, beside the first 16 KiB of each; default 32 MiB. */
  bytes?: number;
  /** How long a body may take to come, ms; default 30,000. */
  ms?: number;
}

export interface Bodies {
  /**
   * Never rejects. Keeps nothing beyond the limit; of what still comes some is read, so that the sender hears the refusal.
   * @param source the platform's own; default: the request's stream
   */
  read(request: Request, limitBytes: number, source?: BodySource): Promise<BodyText>;
  /** As `read`; answers the bytes as they came, which is what senders sign. */
  readBytes(request: Request, limitBytes: number, source?: BodySource): Promise<BodyBytes>;
}

const BODIES_BYTES = 32 * 1_024 * 1_024;
const BODY_MS = 30_000;
/** Of each body; a body of this size never waits for others. */
export const FREE_BYTES = 16 * 1_024;
/** How long a body waits for room, ms. */
const ROOM_MS = 5_000;
/** Longer than a body may take, ms: a platform may end the invocation of a client that went, and nobody says that its body ended. */
const LEFT_MS = 10_000;
const LOOK_MS = 250;

interface Reading {
  fault: 'size' | 'room' | null;
  /** What it holds beside its first `FREE_BYTES`. */
  held: number;
  /** Epoch ms. */
  begunAt: number;
}

export function createBodies(
  { now, sleep }: Pick<Runtime, 'now' | 'sleep'>,
  { bytes: most = BODIES_BYTES, ms = BODY_MS }: BodyBounds = {},
): Bodies {
  let held = 0;
  /** Those that hold something. */
  const holding = new Set<Reading>();

  /** Whether there is room for so many bytes more. Whoever waits asks again, since nobody may wait for another request. */
  async function room(reading: Reading, more: number, until: number): Promise<boolean> {
    const hasRoom = () => held + more <= most;
    while (!hasRoom()) {
      if (now() >= until) return false;
      await sleep(LOOK_MS);
      for (const left of holding) if (now() - left.begunAt > ms + LEFT_MS) release(left);
    }
    hold(reading, more);
    return true;
  }

  function hold(reading: Reading, more: number): void {
    held += more;
    reading.held += more;
    holding.add(reading);
  }

  function release(reading: Reading): void {
    held -= reading.held;
    reading.held = 0;
    holding.delete(reading);
  }

  async function collect<Made>(
    reading: Reading,
    limit: number,
    source: BodySource,
    make: (bytes: Uint8Array) => Made,
  ): Promise<Made | BodyFault> {
    let bytes: Uint8Array = EMPTY;
    let length = 0;

    function add(chunk: Uint8Array): null {
      if (length === 0) bytes = chunk;
      else {
        // A body in one piece, which nearly all are, is not copied. The room of others grows by doubling.
        if (length + chunk.length > bytes.length || length === bytes.length) bytes = grown(bytes, length, chunk.length);
        bytes.set(chunk, length);
      }
      length += chunk.length;
      return null;
    }

    await source((chunk) => {
      if (length + chunk.length > limit) reading.fault = 'size';
      if (reading.fault !== null) return false;
      const needs = Math.max(0, length + chunk.length - FREE_BYTES) - reading.held;
      if (needs <= 0 || held + needs <= most) {
        if (needs > 0) hold(reading, needs);
        return add(chunk);
      }
      return room(reading, needs, now() + ROOM_MS).then((found) => {
        if (found) add(chunk);
        else reading.fault = 'room';
        return found;
      });
    });
    if (reading.fault !== null) return FAULTS[reading.fault](limit);
    return make(length === bytes.length ? bytes : bytes.subarray(0, length));
  }

  async function readAs<Made>(
    make: (bytes: Uint8Array) => Made,
    request: Request,
    limit: number,
    given?: BodySource,
  ): Promise<Made | BodyFault> {
    const declared = request.headers.get('content-length');
    if (declared !== null && Number(declared) > limit) return FAULTS.size(limit);
    const reading: Reading = { held: 0, fault: null, begunAt: now() };
    try {
      if (given !== undefined) return await collect(reading, limit, given, make);
      if (declared === null || !(Number(declared) <= FREE_BYTES))
        return await collect(reading, limit, sourceOf(request, ms, sleep), make);
      // A small one is read at once, which costs a fraction of what a stream does.
      const bytes = new Uint8Array(await withinTime(request.arrayBuffer(), ms, sleep));
      return bytes.length > limit ? FAULTS.size(limit) : make(bytes);
    } catch (thrown) {
      return thrown === LATE ? FAULTS.time(ms) : FAULTS.text();
    } finally {
      release(reading);
    }
  }

  return {
    read: (request, limit, given) => readAs(textOf, request, limit, given),
    readBytes: (request, limit, given) => readAs(bytesOf, request, limit, given),
  };
}

const EMPTY = new Uint8Array();

function grown(bytes: Uint8Array, length: number, more: number): Uint8Array {
  const larger = new Uint8Array(Math.max(2 * length, length + more, 1_024));
  larger.set(bytes.subarray(0, length));
  return larger;
}

/** For bodies in one piece: it keeps nothing between two. Two texts of another charset would become one, so it is strict. */
const WHOLE = new TextDecoder('utf-8', { fatal: true });

/** Throws for what is no UTF-8. */
function textOf(bytes: Uint8Array): BodyText {
  return { ok: true, text: WHOLE.decode(bytes) };
}

function bytesOf(bytes: Uint8Array): BodyBytes {
  return { ok: true, bytes };
}

const FAULTS = {
  text: (): BodyFault => ({ ok: false, status: 400, fault: 'text', expected: 'a whole JSON text in UTF-8' }),
  size: (limit: number): BodyFault => ({
    ok: false,
    status: 413,
    fault: 'size',
    expected: `a body of at most ${limit} bytes`,
  }),
  time: (ms: number): BodyFault => ({
    ok: false,
    status: 408,
    fault: 'time',
    expected: `a body that comes within ${ms / 1_000} s`,
  }),
  room: (): BodyFault => ({
    ok: false,
    status: 503,
    fault: 'room',
    expected: `a body of at most ${FREE_BYTES} bytes, or the same again later`,
  }),
};

const LATE = Symbol('late');

/** What comes within the time. @throws LATE */
function withinTime<Value>(work: Promise<Value>, ms: number, sleep: Runtime['sleep']): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = startTimer(sleep, ms, () => reject(LATE));
    const ended =
      <Outcome>(settle: (outcome: Outcome) => void) =>
      (outcome: Outcome) => {
        stop();
        settle(outcome);
      };
    work.then(ended(resolve), ended(reject));
  });
}

/** The stream of a request, for as long as a body may take. */
function sourceOf(request: Request, ms: number, sleep: Runtime['sleep']): BodySource {
  return async (take) => {
    const reader = request.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
    if (reader === undefined) return;
    const over = new AbortController();
    const late = sleep(ms, over.signal).then(() => LATE);
    try {
      for (;;) {
        const next = await Promise.race([reader.read(), late]);
        if (typeof next === 'symbol') throw LATE;
        if (next.done) return;
        if ((await take(next.value)) === false) return await dropRest(reader, { sleep });
      }
    } finally {
      over.abort(LATE);
      reader.cancel().catch(() => {});
    }
  };
}
