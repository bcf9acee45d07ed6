/**
 * Good clients of the soak: what each does is right, so whatever an answer blames on them is wrong. While faults are under way a
 * server may be away or busy, and says so in a way after which a client comes again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { TOKEN } from './server.ts';

/** What became of the calls. */
export interface Outcomes {
  ok: number;
  /** Answers that say to come again: 429 and 503, and errors of the protocol that mean the same. */
  busy: number;
  /** No answer: the connection was refused or cut. */
  away: number;
  /** What must not be, with how often. */
  wrong: Map<string, number>;
  /** Milliseconds that answered calls took. */
  took: number[];
}

interface Answered {
  body: { result?: Result; error?: { code: number; message: string } };
}

interface Result {
  isError?: boolean;
  content?: { type: string; text?: string }[];
  structuredContent?: Record<string, unknown>;
  taskId?: string;
  status?: string;
  result?: Result;
}

const VERSION = '2026-07-28';
const META = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientInfo': { name: 'soak', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
};
const CALL_WITHIN_MS = 30_000;
const MOST_TIMES = 500_000;
/** An answer that reads so many is one in part, and no error. */
const MOST_EVENTS = 10_000;
/** A push is sent again for so long as the longest fault lasts. */
const MOST_TRIES = 300;
const AGAIN_MS = 200;

export interface Clients {
  outcomes: Outcomes;
  /** Numbers of the events whose push was acknowledged. */
  pushed: Set<number>;
  /** The task of each number that was begun. */
  tasks: Map<number, string>;
  /** Calls of one kind after another by each client, at once or at a pace. Resolves when `until` has come and each has made one. */
  run(count: number, until: number, everyMs: number): Promise<void>;
  call(tool: string, args: object): Promise<Answered | null>;
  request(method: string, params: { name?: string; taskId?: string }): Promise<Answered | null>;
}

export function createClients(url: string): Clients {
  const outcomes: Outcomes = { ok: 0, busy: 0, away: 0, wrong: new Map(), took: [] };
  const pushed = new Set<number>();
  const tasks = new Map<number, string>();
  let pushes = 0;
  let begun = 0;
  let id = 0;

  const wrong = (what: string) => void outcomes.wrong.set(what, (outcomes.wrong.get(what) ?? 0) + 1);

  /** Null: the server is busy or away, or what it answered is wrong. */
  async function send(path: string, headers: Record<string, string>, body: unknown): Promise<Answered | null> {
    const started = performance.now();
    try {
      const signal = AbortSignal.timeout(CALL_WITHIN_MS);
      const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body), signal });
      const text = await response.text();
      const answered = { body: (text === '' ? {} : JSON.parse(text)) as Answered['body'] };
      if (response.status === 429 || response.status === 503) {
        outcomes.busy += 1;
        if (!response.headers.has('retry-after')) wrong(`${response.status} without Retry-After`);
        return null;
      }
      if (!response.ok) {
        wrong(`${path} ${response.status} ${text.slice(0, 160)}`);
        return null;
      }
      if (outcomes.took.length < MOST_TIMES) outcomes.took.push(performance.now() - started);
      return answered;
    } catch (thrown) {
      if ((thrown as Error).name === 'TimeoutError') wrong(`no answer within ${CALL_WITHIN_MS} ms`);
      else outcomes.away += 1;
      return null;
    }
  }

  async function request(method: string, params: { name?: string; taskId?: string }): Promise<Answered | null> {
    const name = params.name ?? params.taskId;
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': VERSION,
      'mcp-method': method,
      ...(name === undefined ? {} : { 'mcp-name': name }),
    };
    id += 1;
    const answered = await send('/mcp', headers, { jsonrpc: '2.0', id, method, params: { ...params, _meta: META } });
    if (answered === null) return null;
    const { error, result } = answered.body;
    if (error) {
      // -32603 with what the store said: the server's own trouble, and the call may be sent again.
      if (/store|busy|again/i.test(error.message)) outcomes.busy += 1;
      else wrong(`${method} ${name ?? ''}: ${error.code} ${error.message.slice(0, 160)}`);
      return null;
    }
    if (result?.isError === true) {
      wrong(`${method} ${name ?? ''}: ${result.content?.[0]?.text?.slice(0, 160)}`);
      return null;
    }
    outcomes.ok += 1;
    return answered;
  }

  const call = (name: string, args: object) => request('tools/call', { name, arguments: args } as { name: string });

  async function push(): Promise<void> {
    const n = (pushes += 1);
    const headers = {
      'content-type': 'application/json',
      authorization: `Bearer ${TOKEN}`,
      'idempotency-key': `soak-${n}`,
    };
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      if ((await send('/ingest/pushed', headers, { n })) !== null) {
        outcomes.ok += 1;
        pushed.add(n);
        return;
      }
      await sleep(AGAIN_MS);
    }
    wrong('a push was not taken, however often it was sent');
  }

  async function beginTask(): Promise<void> {
    const n = (begun += 1);
    const answered = await call('double', { n });
    const taskId = answered?.body.result?.taskId;
    if (answered !== null && taskId === undefined) wrong('a task was begun without an id');
    if (taskId !== undefined) tasks.set(n, taskId);
  }

  async function lookAtTask(): Promise<void> {
    const known = [...tasks.values()].slice(-50);
    const taskId = known[id % known.length];
    if (taskId !== undefined) await request('tasks/get', { taskId });
  }

  const KINDS: readonly (() => Promise<unknown>)[] = [
    push,
    () => call('read_latest', { stream: 'log' }),
    () => call('echo', { text: 'still here' }),
    () => call('read_history', { stream: 'pushed', limit: 20 }),
    beginTask,
    lookAtTask,
    () => call('read_latest', { stream: 'pushed' }),
    () => call('tail_stream', { stream: 'log', seconds: 1 }),
    () => request('tools/list', {}),
    push,
    // A feed whose breaker was open brings minutes of items at once: without `maxEvents` that is more than windows may read.
    () => call('read_history', { stream: 'log', from: '-2m', window: '10s', field: 'n', maxEvents: MOST_EVENTS }),
    lookAtTask,
  ];

  return {
    outcomes,
    pushed,
    tasks,
    call,
    request,
    async run(count, until, everyMs) {
      await Promise.all(
        Array.from({ length: count }, async (_, client) => {
          let turn = client * 5;
          do {
            const next = performance.now() + everyMs;
            await KINDS[turn % KINDS.length]?.();
            const left = next - performance.now();
            if (left > 0) await sleep(left);
            turn += 1;
          } while (performance.now() < until);
        }),
      );
    },
  };
}
