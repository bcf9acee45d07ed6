/**
 * How many requests of a caller may stay open at a time, over all instances: those that listen, those that ask for progress, tails
 * and waits. Each is counted before it is served, so that nothing has been done where it is refused, and until its answer has ended.
 *
 * What is counted lasts two minutes. An answer that goes on is counted anew each minute, and ended where that is refused or the
 * store fails; what a process that was killed had open counts no longer than three minutes.
 */
import { asTidegateError, type TidegateError } from '../../base/errors.ts';
import type { Principal } from '../../base/principal.ts';
import type { ServedAnswer } from '../served-answer.ts';
import type { App } from '../../declare/app.ts';
import { createQuotas, type Quota } from '../../store/quotas.ts';
import type { Work } from '../../store/work.ts';
import type { Deps } from '../../streams/deps.ts';

const LASTS_MS = 120_000;
const RENEWED_MS = 60_000;

/** What a request that is open is counted by. */
interface Open {
  principal: Principal;
  /** Epoch ms. */
  takenAt: number;
}

/** What serves a message. */
type Serve = (request: Request, body: unknown, principal: Principal, work?: Work) => Promise<ServedAnswer>;

/**
 * The same, with what stays open bounded.
 * @param refuse the answer to a message that is not served
 */
export function boundingStreams(
  serve: Serve,
  { app, store, runtime, ...deps }: Deps,
  refuse: (error: TidegateError, body: unknown) => Response,
): Serve {
  const quota = quotaOf(app);
  const mayStay = stayingOf(app);
  const quotas = deps.quotas ?? createQuotas(runtime);

  async function count(principal: Principal): Promise<Open> {
    const takenAt = runtime.now();
    await quotas.take(store, quota, principal, 1);
    return { principal, takenAt };
  }

  const give = ({ principal, takenAt }: Open) => quotas.give(store, quota, principal, 1, takenAt);

  /** Counts anew until the signal aborts. @param end is called where that is not possible */
  async function renew(open: Open, signal: AbortSignal, end: () => void): Promise<void> {
    for (;;) {
      await runtime.sleep(RENEWED_MS, signal);
      if (signal.aborted) return give(open);
      await give(open);
      open.takenAt = runtime.now();
      try {
        await quotas.take(store, quota, open.principal, 1);
      } catch (thrown) {
        const { code, message } = asTidegateError(thrown);
        runtime.log('info', `a stream is ended: ${message}`, { code });
        return end();
      }
    }
  }

  return async (request, body, principal, work) => {
    if (!mayStay(body)) return serve(request, body, principal, work);
    let open: Open;
    try {
      open = await count(principal);
    } catch (thrown) {
      const response = refuse(asTidegateError(thrown), body);
      return { response, asked: { mcp: methodOf(body) }, account: NO_ACCOUNT, ended: null };
    }
    let answer: ServedAnswer;
    try {
      answer = await serve(request, body, principal, work);
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
  };
}

const NO_ACCOUNT: ServedAnswer['account'] = { spent: () => ({ storeCalls: {} }) };

function quotaOf({ quotas }: App): Quota {
  return {
    name: 'quotas.openStreams',
    of: 'streams',
    unit: 'streams',
    each: quotas.openStreams,
    all: null,
    lastsMs: LASTS_MS,
    title: 'Too many requests stay open already',
    hint: 'wait for fewer things at once, and close streams that nobody reads',
  };
}

/** Whether the answer to a message, or to one of a batch, may come late or never end. */
function stayingOf({ tasks, toolNames }: App): (body: unknown) => boolean {
  const waiting = new Set([toolNames.tail_stream, toolNames.wait_for, ...tasks.keys()]);
  const stays = (message: unknown) => {
    const { method, params } = (message ?? {}) as { method?: unknown; params?: CallParams | null };
    if (method === 'subscriptions/listen') return true;
    if (method !== 'tools/call') return false;
    return params?.['_meta']?.progressToken !== undefined || waiting.has(String(params?.name));
  };
  return (body) => (Array.isArray(body) ? body.some(stays) : stays(body));
}

interface CallParams {
  name?: unknown;
  _meta?: { progressToken?: unknown } | null;
}

function methodOf(body: unknown): string {
  const { method } = (body ?? {}) as { method?: unknown };
  return typeof method === 'string' ? method : 'batch';
}

/** The same stream, which can be ended from here. @param ended is called once, however it ends */
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
    output?.close();
    void reader.cancel().catch(() => {});
  };
  return { stream, end };
}
