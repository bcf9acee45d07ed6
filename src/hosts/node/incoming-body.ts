/** The body of a request of Node's as the one reader takes it, and what becomes of a body that nobody reads to its end. */
import type { IncomingMessage } from 'node:http';
import type { BodySource, TakeChunk } from '../../http/bodies/bodies.ts';

/** A body of more chunks than this, of fewer bytes each on average, is not read on: its connection is closed when its time is over. */
const MANY_CHUNKS = 500;
const SMALL_CHUNK = 64;
/** Most bytes that are kept before the reader asks. */
const AHEAD_BYTES = 16_384;
/** How long a client has to read the answer to a request that it still sends, ms. */
const LINGER_MS = 500;

/**
 * Has to be called as soon as the headers are there: what a chunk costs is most where chunks are stored one by one, and up to
 * 64 KiB of them come at once.
 */
export function bodyOf(incoming: IncomingMessage): BodySource {
  if (incoming.headers['transfer-encoding'] === undefined) return (take) => receive(incoming, take);
  const ahead: Uint8Array[] = [];
  let bytes = 0;
  let taker: ((chunk: Uint8Array) => void) | null = null;
  let isMany = false;
  const count = chunkCount();
  incoming.on('data', (chunk: Uint8Array) => {
    if (isMany) return;
    isMany = count(chunk.length);
    if (isMany) return holdBack(incoming);
    if (taker !== null) return taker(chunk);
    bytes += chunk.length;
    ahead.push(chunk);
    if (bytes > AHEAD_BYTES) incoming.pause();
  });
  return (take) =>
    receive(incoming, take, (next) => {
      taker = next;
      const came = ahead.splice(0);
      if (came.length > 0) next(Buffer.concat(came));
      return () => (taker = null);
    });
}

/** @param tap hands on what came and what comes, and answers how to stop that. Default: the request's own chunks */
function receive(
  incoming: IncomingMessage,
  take: TakeChunk,
  tap: (next: (chunk: Uint8Array) => void) => () => void = (next) => {
    incoming.on('data', next);
    return () => void incoming.off('data', next);
  },
): Promise<void> {
  return new Promise((resolve, reject) => {
    let untap: (() => void) | null = null;
    let isOver = false;

    // Listeners stay where they are: they go with the request, and to take them away costs more than they do.
    function onEnd(): void {
      isOver = true;
      resolve();
    }
    function onClose(): void {
      if (isOver) return;
      isOver = true;
      reject(new Error('the connection was closed'));
    }
    function stop(): void {
      incoming.pause();
      untap?.();
      onEnd();
    }
    function onData(chunk: Uint8Array): void {
      if (isOver) return;
      const taken = take(chunk);
      if (taken === null) return;
      if (taken === false) return stop();
      incoming.pause();
      taken.then((isWanted) => (isWanted ? void incoming.resume() : stop()), onClose);
    }
    if (incoming.destroyed && !incoming.readableEnded) return onClose();
    // Node tells of an error of a request only where somebody listens to it, and closes it in any case.
    incoming.on('end', onEnd).on('close', onClose);
    untap = tap(onData);
    if (isOver) return untap();
    if (incoming.readableEnded) onEnd();
    else if (incoming.isPaused()) incoming.resume();
  });
}

/** Tells from the lengths of chunks when they are too many for what they bring. */
function chunkCount(): (length: number) => boolean {
  let chunks = 0;
  let bytes = 0;
  return (length) => {
    chunks += 1;
    bytes += length;
    return chunks > MANY_CHUNKS && bytes < chunks * SMALL_CHUNK;
  };
}

/**
 * Reads no more of a connection, and keeps nothing of what came. Closing it would bring its client back at once; so it waits until
 * Node ends requests that take too long.
 */
function holdBack(incoming: IncomingMessage): void {
  // As of Node 24 there is no public way: a request or a socket that is paused keeps what has come, and is soon read on.
  Reflect.set(incoming, '_dumped', true);
  incoming.pause();
  const handle: unknown = Reflect.get(incoming.socket, '_handle');
  (handle as { readStop?: () => void } | null)?.readStop?.();
}

/**
 * Closes the connection of a request that was answered before it was read. What it still sends is not read; it has a moment for
 * the answer, which the system would throw away.
 */
export function endBody(incoming: IncomingMessage): void {
  if (incoming.readableEnded || incoming.complete) return void incoming.resume();
  const { socket } = incoming;
  holdBack(incoming);
  socket.end();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
