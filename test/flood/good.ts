/**
 * Clients as they should be: each keeps its connection, asks, reads the answer, thinks, and asks again. What they wait for
 * an answer is what a flood must not lengthen.
 */
import { Agent, request } from 'node:http';
import { PUSH_TOKEN } from './app.ts';
import { call, FIRST_CURSOR, listTools, type Post } from './messages.ts';

/** Between an answer and the next question. */
const THINKS_MS = 150;
/** Without an answer for longer when all ends, a question counts as one that has none. */
const LONG_MS = 1_000;

const push: Post = {
  path: '/ingest/pushed',
  headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${PUSH_TOKEN}` },
  body: '{"n":1}',
};

const QUESTIONS: Record<string, Post | null> = {
  healthz: null,
  list_streams: call('list_streams', {}),
  read_latest: call('read_latest', { stream: 'backlog' }),
  read_history: call('read_history', { stream: 'backlog' }),
  tail_stream: call('tail_stream', { stream: 'backlog', cursor: FIRST_CURSOR, seconds: 0 }),
  'tools/list': listTools(),
  push,
};

export interface Asked {
  question: string;
  ms: number;
  /** Null: there was no answer. */
  status: number | null;
}

export interface Good {
  asked: Asked[];
  stop(): void;
}

export function startGood(port: number, clients: number): Good {
  const asked: Asked[] = [];
  /** What has no answer yet, by client. */
  const open = new Map<symbol, { question: string; begun: number }>();
  const over = new AbortController();
  async function client(first: number, names = Object.keys(QUESTIONS)): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const me = Symbol(names[0]);
    await pause((first * THINKS_MS) / clients);
    for (let at = first; !over.signal.aborted; at += 1) {
      const question = names[at % names.length] ?? '';
      const begun = performance.now();
      open.set(me, { question, begun });
      const status = await ask(port, agent, QUESTIONS[question] ?? null);
      open.delete(me);
      if (!over.signal.aborted) asked.push({ question, ms: performance.now() - begun, status });
      await pause(THINKS_MS);
    }
    agent.destroy();
  }
  for (let at = 0; at < clients; at += 1) void client(at);
  // What asks whether the process lives asks nothing else.
  void client(0, ['healthz']);
  return {
    asked,
    stop() {
      over.abort();
      for (const { question, begun } of open.values()) {
        const ms = performance.now() - begun;
        // Who has waited that long counts, though nobody knows how long it would have been.
        if (ms > LONG_MS) asked.push({ question, ms, status: null });
      }
    },
  };
}

function ask(port: number, agent: Agent, post: Post | null): Promise<number | null> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, agent, timeout: 30_000 };
    const sent = request(
      post === null
        ? { ...options, path: '/healthz' }
        : { ...options, method: 'POST', path: post.path, headers: post.headers },
      (response) => {
        response.once('error', () => resolve(null));
        response.once('end', () => resolve(response.statusCode ?? null));
        response.resume();
      },
    );
    sent.once('error', () => resolve(null));
    sent.once('timeout', () => sent.destroy());
    sent.end(post?.body);
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
