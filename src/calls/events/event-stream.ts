/**
 * A response of server-sent events. What is written waits until its reader takes it; a reader that takes nothing for long, or
 * that leaves too much, is cut. Comments keep the connection alive through proxies. It knows nothing of what the events say.
 */
import type { Runtime } from '../../base/runtime.ts';

export interface ServerEvent {
  /** Text that a client repeats to go on behind this event. Absent: it has none. */
  id?: string;
  /** What kind of event it is; a browser hands those of another kind than `message` only to who asks for that one. Default: `message`. */
  type?: string;
  /** A message as JSON. Empty: the event says its id, in a message of its own. Null: it says its id, and no reader is told of it. */
  data: string | null;
  /** After how long a client comes back when the stream ends, ms. */
  retryMs?: number;
}

interface EventStreamBounds {
  /** How often a comment is written, ms. */
  keepAliveMs: number;
  /** No comments are written. Default: false. */
  isQuiet?: boolean;
  /** How long a reader may take nothing of what waits for it, ms; looked at when a comment is due. */
  answerMs: number;
  /** Most characters that may wait when more is written. The last event of a stream always may. */
  unsentCharacters: number;
}

export const STREAM_BOUNDS: EventStreamBounds = {
  keepAliveMs: 15_000,
  answerMs: 30_000,
  unsentCharacters: 4_194_304,
};

/** So many events of one topic may wait; of further ones the newest takes the place of the one before. */
const MOST_OF_TOPIC = 16;

export interface EventStream {
  readonly response: Response;
  /** Aborts when nothing more is written, because the stream ended, its reader left, or it was cut. */
  readonly over: AbortSignal;
  /** @param topic where too many of one wait, the newest alone is sent; absent: each is sent */
  write(event: ServerEvent, topic?: string): void;
  /** Resolves when nothing waits for the reader any more, or nothing more is written. */
  taken(): Promise<void>;
  /** Ends the stream behind what was written. @param last is written before */
  end(last?: ServerEvent): void;
  /** Breaks the connection off; what waits is not sent. */
  cut(reason: Error): void;
}

interface Frame {
  text: string;
  topic: string | null;
}

export function openEventStream(
  runtime: Pick<Runtime, 'now' | 'sleep'>,
  bounds: EventStreamBounds = STREAM_BOUNDS,
): EventStream {
  const over = new AbortController();
  const encoder = new TextEncoder();
  let frames: Frame[] = [];
  let characters = 0;
  /** Since when the oldest frame waits, epoch ms. */
  let waitsSince = 0;
  let isWanted = false;
  let isEnding = false;
  let waiters: (() => void)[] = [];
  let output: ReadableStreamDefaultController<Uint8Array> | null = null;

  function flush(): void {
    if (output === null || over.signal.aborted) return;
    if (isWanted && frames.length > 0) {
      const text = frames.map((frame) => frame.text).join('');
      frames = [];
      characters = 0;
      // Taking it may ask for more at once.
      isWanted = false;
      output.enqueue(encoder.encode(text));
      letGo();
    }
    if (!isEnding || frames.length > 0) return;
    over.abort();
    output.close();
  }

  function letGo(): void {
    for (const go of waiters) go();
    waiters = [];
  }

  function push(text: string, topic: string | null): void {
    if (frames.length === 0) waitsSince = runtime.now();
    frames.push({ text, topic });
    characters += text.length;
  }

  function replace(topic: string, text: string): boolean {
    const same = frames.filter((frame) => frame.topic === topic);
    const newest = same.at(-1);
    if (newest === undefined || same.length < MOST_OF_TOPIC) return false;
    characters += text.length - newest.text.length;
    newest.text = text;
    return true;
  }

  function cut(reason: Error): void {
    if (over.signal.aborted) return;
    frames = [];
    over.abort();
    output?.error(reason);
  }

  async function keepAlive(): Promise<void> {
    for (;;) {
      await runtime.sleep(bounds.keepAliveMs, over.signal);
      if (over.signal.aborted) return;
      if (frames.length === 0 && bounds.isQuiet === true) continue;
      if (frames.length === 0) push(': keep-alive\n\n', null);
      else if (runtime.now() - waitsSince >= bounds.answerMs) return cut(new Error('the reader takes nothing'));
      flush();
    }
  }

  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        output = controller;
      },
      pull() {
        isWanted = true;
        flush();
      },
      cancel() {
        frames = [];
        over.abort();
      },
    },
    { highWaterMark: 0 },
  );
  void keepAlive();
  over.signal.addEventListener('abort', letGo, { once: true });

  return {
    response: new Response(body, { status: 200, headers: EVENT_STREAM_HEADERS }),
    over: over.signal,
    write(event, topic) {
      if (over.signal.aborted || isEnding) return;
      const text = eventText(event);
      if (topic === undefined || !replace(topic, text)) push(text, topic ?? null);
      if (characters > bounds.unsentCharacters) cut(new Error('the reader takes too little'));
      else flush();
    },
    taken: () =>
      frames.length === 0 || over.signal.aborted ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve)),
    end(last) {
      if (over.signal.aborted || isEnding) return;
      if (last !== undefined) push(eventText(last), null);
      isEnding = true;
      flush();
    },
    cut,
  };
}

/** Aborts when nobody reads the stream any more, or the process is told that it ends: its client then comes back to another one. */
export function whileServed({ over }: EventStream, { ending }: Pick<Runtime, 'ending'>): AbortSignal {
  return ending ? AbortSignal.any([over, ending.begun]) : over;
}

/** Those of a response of server-sent events. */
export const EVENT_STREAM_HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache, no-transform',
  // Proxies such as nginx would keep events until they have many.
  'X-Accel-Buffering': 'no',
};

/** What some readers take for the end of a line, and the format does not. */
const LINE_ENDS = /[\u0085\u2028\u2029]/g;

/** The event as it stands in a stream. Its data are JSON, where an escape of a character means the same. */
export function eventText({ id, type = 'message', data, retryMs }: ServerEvent): string {
  const head = `${id === undefined ? '' : `id: ${id}\n`}${retryMs === undefined ? '' : `retry: ${retryMs}\n`}`;
  if (data === null) return `${head}\n`;
  const line = data.replace(LINE_ENDS, (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return data === '' ? `${head}data: \n\n` : `${head}event: ${type}\ndata: ${line}\n\n`;
}
