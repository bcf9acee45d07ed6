/** Reads a stream of events as a browser does: what is told, the id of the last one, and when it would come back. */
import type { createListeningHost } from '../../mcp/listen/listening-host.ts';

export interface Told {
  id: string;
  event: string;
  data: Record<string, unknown>;
}

export interface EventReader {
  status: number;
  headers: Headers;
  /** The body of what is no stream. */
  problem: Record<string, unknown> | null;
  told: Told[];
  /** By which it would go on. */
  lastId: string;
  retryMs: number | null;
  comments: number;
  state: 'open' | 'closed' | 'broken';
  /** What came since the last call. */
  news(): Told[];
  leave(): void;
}

type Stage = Pick<ReturnType<typeof createListeningHost>, 'host' | 'clock'>;

export interface OpenOptions {
  who?: string;
  lastId?: string;
  headers?: Record<string, string>;
  method?: string;
  /** False: nothing is taken of the stream. */
  isRead?: boolean;
}

export async function openEvents(
  { host, clock }: Stage,
  path: string,
  options: OpenOptions = {},
): Promise<EventReader> {
  const { who, lastId, headers = {}, method = 'GET', isRead = true } = options;
  const request = new Request(`http://127.0.0.1${path}`, {
    method,
    headers: {
      Accept: 'text/event-stream',
      ...(who === undefined ? {} : { Authorization: who }),
      ...(lastId === undefined ? {} : { 'Last-Event-ID': lastId }),
      ...headers,
    },
  });
  const response = await clock.drive(Promise.resolve(host.fetch(request)));
  const reader: EventReader = {
    status: response.status,
    headers: response.headers,
    problem: null,
    told: [],
    lastId: lastId ?? '',
    retryMs: null,
    comments: 0,
    state: 'open',
    news: () => reader.told.splice(0),
    leave() {},
  };
  if (response.headers.get('content-type') !== 'text/event-stream' || response.body === null) {
    const text = await response.text();
    reader.problem = text === '' ? null : (JSON.parse(text) as Record<string, unknown>);
    reader.state = 'closed';
    return reader;
  }
  const body = response.body.pipeThrough(new TextDecoderStream()).getReader();
  reader.leave = () => void body.cancel();
  if (isRead) void read(body, reader);
  await clock.advance(0);
  return reader;
}

async function read(body: ReadableStreamDefaultReader<string>, reader: EventReader): Promise<void> {
  let rest = '';
  try {
    for (let next = await body.read(); !next.done; next = await body.read()) {
      const blocks = (rest + next.value).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) take(block, reader);
    }
    reader.state = 'closed';
  } catch {
    reader.state = 'broken';
  }
}

/** By the rules of HTML, 9.2.6: an id without data changes where the reader goes on, and tells it nothing. */
function take(block: string, reader: EventReader): void {
  let event = 'message';
  let data: string | null = null;
  for (const line of block.split('\n')) {
    const [, name = '', value = ''] = /^([^:]*): ?(.*)$/.exec(line) ?? [];
    if (line.startsWith(':')) reader.comments += 1;
    else if (name === 'id') reader.lastId = value;
    else if (name === 'retry') reader.retryMs = Number(value);
    else if (name === 'event') event = value;
    else if (name === 'data') data = (data ?? '') + value;
  }
  if (data !== null) {
    reader.told.push({ id: reader.lastId, event, data: JSON.parse(data) as Record<string, unknown> });
  }
}
