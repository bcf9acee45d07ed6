/**
 * How many requests of a caller may stay open at a time, over all instances: those that listen, those that ask for progress or
 * for the result of a task, tails and waits; and streams of events, apart from them. Each is counted before it is served, so that nothing has been done where it is refused,
 * and until its answer has ended.
 *
 * What is counted lasts two minutes. An answer that goes on is counted anew each minute, and ended where that is refused or the
 * store fails; what a process that was killed had open counts no longer than three minutes.
 */
import { asTidegateError, type TidegateError } from '../../base/errors.ts';
import type { Principal } from '../../base/principal.ts';
import type { ServedAnswer } from '../served-answer.ts';
import type { App } from '../../declare/app.ts';
import { type Account, openAccount, type Spent } from '../../store/counting.ts';
import { createQuotas, type Quota } from '../../store/quotas/quotas.ts';
import type { Deps } from '../../streams/deps.ts';

const LASTS_MS = 120_000;
const RENEWED_MS = 60_000;

/** What a request that is open is counted by. */
interface Open {
  principal: Principal;
  quota: Quota;
  /** Epoch ms. */
  takenAt: number;
  /** What counting it costs. */
  account: Account;
}

export interface StreamBounds {
  /** Whether the answer to a message may come late or never end. */
  mayStay: (body: unknown) => boolean;
  /** Serves what may stay open, where one more of its caller may; else it is refused. @param body the message; null: it is a GET */
  bounded: (principal: Principal, body: unknown, serve: () => Promise<ServedAnswer>) => Promise<ServedAnswer>;
}

/** @param refuse the answer to what is not served */
export function createStreamBounds(
  { app, store, runtime, ...deps }: Deps,
  refuse: (error: TidegateError, body: unknown) => Response,
): StreamBounds {
  const quotas = quotasOf(app, deps.isOpen === true);
  const stays = stayingOf(app);
  const quotaFor = (body: unknown) => (methodIn(body) === EVENT_STREAM ? quotas.events : quotas.streams);
  const mayStay = (body: unknown) => stays(body) && quotaFor(body) !== null;
  const sums = deps.quotas ?? createQuotas(runtime);

  async function take(open: Open): Promise<void> {
    open.takenAt = runtime.now();
    await sums.take(open.account.store, open.quota, open.principal, 1);
  }

  const give = ({ principal, takenAt, account, quota }: Open) => sums.give(account.store, quota, principal, 1, takenAt);

  /**
   * Counts anew until the signal aborts. It never rejects, because nobody waits for it.
   * @param end is called where that is not possible
   */
  async function renew(open: Open, signal: AbortSignal, end: () => void): Promise<void> {
    try {
      for (;;) {
        await runtime.sleep(RENEWED_MS, signal);
        if (signal.aborted) return await give(open);
        await give(open);
        await take(open);
      }
    } catch (thrown) {
      end();
      const { code, message } = asTidegateError(thrown);
      runtime.log('info', `a stream is ended: ${message}`, { code });
    }
  }

  async function bounded(
    principal: Principal,
    body: unknown,
    serve: () => Promise<ServedAnswer>,
  ): Promise<ServedAnswer> {
    const quota = quotaFor(body);
    if (quota === null) return serve();
    const open: Open = { principal, quota, takenAt: 0, account: openAccount(store) };
    try {
      await take(open);
    } catch (thrown) {
      const response = refuse(asTidegateError(thrown), body);
      return { response, asked: { mcp: methodOf(body) }, account: open.account, ended: null };
    }
    let answer: ServedAnswer;
    try {
      answer = await serve();
      answer = { ...answer, account: together(answer.account, open.account) };
    } catch (thrown) {
      await give(open);
      throw thrown;
    }
    const { response } = answer;
    if (response.body === null || !response.headers.get('content-type')?.startsWith('text/event-stream')) {
      await give(open);
      return answer;
    }
    const ending = new AbortController();
    const { stream, end } = endable(response.body, () => ending.abort());
    void renew(open, ending.signal, end);
    return { ...answer, response: new Response(stream, response) };
  }

  return { mayStay, bounded };
}

/** One account of two. */
function together(...accounts: readonly ServedAnswer['account'][]): ServedAnswer['account'] {
  return {
    spent() {
      const all: Spent = { storeCalls: {} };
      for (const { storeCalls, engineRequests } of accounts.map((each) => each.spent())) {
        for (const [name, calls] of Object.entries(storeCalls)) {
          const kind = name as keyof Spent['storeCalls'];
          all.storeCalls[kind] = (all.storeCalls[kind] ?? 0) + calls;
        }
        if (engineRequests !== undefined) all.engineRequests = (all.engineRequests ?? 0) + engineRequests;
      }
      return all;
    },
  };
}

/**
 * Streams of events have a bound of their own, and are no part of the one on other requests: each of them is a subscription, which
 * stays open until it is cancelled (SEP-3415). Null: nothing is counted, because all callers are one and the app declares no bound.
 */
function quotasOf({ quotas, options }: App, isOpen: boolean): { streams: Quota | null; events: Quota | null } {
  const declared = options.quotas ?? {};
  const quota = (name: 'openStreams' | 'eventStreams', of: string, what: string): Quota | null =>
    isOpen && declared[name] === undefined
      ? null
      : {
          name: `quotas.${name}`,
          of,
          unit: 'streams',
          each: quotas[name],
          all: null,
          lastsMs: LASTS_MS,
          isExact: true,
          title: `Too many ${what} stay open already`,
          hint: 'wait for fewer things at once, and close streams that nobody reads',
        };
  return {
    streams: quota('openStreams', 'streams', 'requests'),
    events: quota('eventStreams', 'event-streams', 'streams of events'),
  };
}

/** Whether the answer to a message, or to one of a batch, may come late or never end. */
function stayingOf({ tasks, toolNames }: App): (body: unknown) => boolean {
  const waiting = new Set([toolNames.tail_stream, toolNames.wait_for, ...tasks.keys()]);
  const stays = (message: unknown) => {
    const { method, params } = (message ?? {}) as { method?: unknown; params?: CallParams | null };
    if (typeof method === 'string' && STAYING.has(method)) return true;
    if (method !== 'tools/call') return false;
    return params?.['_meta']?.progressToken !== undefined || waiting.has(String(params?.name));
  };
  return (body) => (Array.isArray(body) ? body.some(stays) : stays(body));
}

const EVENT_STREAM = 'events/stream';
const STAYING: ReadonlySet<string> = new Set(['subscriptions/listen', EVENT_STREAM, 'tasks/result']);

interface CallParams {
  name?: unknown;
  _meta?: { progressToken?: unknown } | null;
}

function methodIn(body: unknown): unknown {
  return (body as { method?: unknown } | null)?.method;
}

function methodOf(body: unknown): string {
  if (body === null) return 'stream of the session';
  const { method } = body as { method?: unknown };
  return typeof method === 'string' ? method : 'batch';
}

/**
 * The same stream, which can be ended from here, also when it has ended already.
 * @param ended is called however it ends, perhaps more than once
 */
function endable(body: ReadableStream<Uint8Array>, ended: () => void) {
  const reader = body.getReader();
  let output: ReadableStreamDefaultController<Uint8Array> | null = null;
  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        output = controller;
      },
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          ended();
          controller.close();
        } catch (thrown) {
          ended();
          controller.error(thrown);
        }
      },
      cancel(reason) {
        ended();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  const end = () => {
    void reader.cancel().catch(() => {});
    try {
      output?.close();
    } catch {
      // Its reader has left meanwhile.
    }
  };
  return { stream, end };
}
