/** How long an instance waits for answers, and what it says where none come; time is the test's, the stream is in memory. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { JSONRPCMessage, JSONRPCNotification, JSONRPCRequest } from '@modelcontextprotocol/server';
import { PUBLIC } from '../../../src/base/principal.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createLateResults } from '../../../src/mcp/asking/late-results.ts';
import { createResults } from '../../../src/calls/results.ts';
import type { ToolResult } from '../../../src/declare/check/tool-result.ts';
import { type RequestThatAsks, createClientQuestions } from '../../../src/mcp/asking/asking.ts';
import type { GoesOn } from '../../../src/mcp/asking/going-on.ts';
import type { AskedStream, StreamMessages } from '../../../src/mcp/asking/stream.ts';
import type { ClientSession, Sessions } from '../../../src/mcp/sessions/sessions.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';

const KEPT_MS = 3_600_000;
const MOST = { results: 1_000_000, allResults: 1_000_000 };

/** An instance whose stream is followed by a clock that jumps to each deadline, unless something was kept meanwhile. */
function instance() {
  let now = Date.UTC(2026, 10, 30);
  const store = createMemoryStore();
  const system = systemRuntime(() => {});
  const wakers = new Set<() => void>();
  const runtime = {
    ...system,
    now: () => now,
    // What is repeated is repeated at once; who waits for long is woken by the test.
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        if (ms < 5_000) return resolve();
        wakers.add(resolve);
        signal?.addEventListener('abort', () => resolve());
      }),
  };
  const sent: (JSONRPCRequest | JSONRPCNotification)[] = [];
  const kept: JSONRPCMessage[] = [];
  const waits: number[] = [];
  /** What happens before the next deadline; by index of the wait. */
  const events: ((stream: AskedStream) => Promise<void>)[] = [];
  const stream: AskedStream = {
    id: 'stream',
    notify: (message) => void sent.push(message),
    ask: async (requests) => void sent.push(...requests),
    async follow(deadline) {
      waits.push(deadline - now);
      await events[waits.length - 1]?.(stream);
      if (kept.some((message) => 'result' in message || 'error' in message)) return 'answered';
      now = Math.max(now, deadline);
      return 'time';
    },
  };
  const messages: StreamMessages = {
    async keep(_session, _stream, all, call, also = []) {
      if (also.length > 0) {
        const result = await call.account.store.commit(also, { id: system.newId(), now, deadline: now + 10_000 });
        if (result.status !== 'committed') return false;
      }
      kept.push(...all);
      return true;
    },
  };
  const late = createLateResults({ runtime, keptMs: KEPT_MS, most: MOST, reader: 'read_result' });
  const session: ClientSession = {
    id: 'session',
    version: '2025-11-25',
    client: { name: 't', version: '0' },
    askable: { elicitation: [] },
    reading: { partition: 'p', id: 'i', value: null, version: null },
    level: null,
    kept: {},
  };
  const sessions: Pick<Sessions, 'change'> = {
    change: ({ reading: _reading }, changed) => ((session.kept = changed(session.kept)), Promise.resolve(true)),
  };
  const asking = createClientQuestions({ runtime, messages, late, sessions });
  const principal = PUBLIC;
  const call = () => ({ principal, account: { store }, deadline: now + 60_000 });
  const results = createResults({
    runtime,
    sealer: null,
    bytes: 262_144,
    structuredBytes: 1_000_000,
    keptMs: KEPT_MS,
    reader: 'read_result',
    most: MOST,
  });
  const progress: string[] = [];
  return {
    asking,
    call,
    sent,
    kept,
    waits,
    events,
    progress,
    pass: (ms: number) => void (now += ms),
    tick: () => wakers.forEach((wake) => wake()),
    now: () => now,
    asked: (change: Partial<RequestThatAsks> = {}): RequestThatAsks => ({
      request: { id: 1, method: 'tools/call', version: '2025-11-25' },
      params: { name: 'greet' },
      required: {
        resultType: 'input_required',
        inputRequests: { who: { method: 'elicitation/create', params: { message: 'Who?' } } },
        requestState: 'sealed',
      },
      session: 'session',
      client: session,
      stream,
      endsAt: null,
      mayWait: true,
      progress: (message) => void progress.push(message),
      ...change,
    }),
    /** What a handle reads as. */
    async read(handle: string): Promise<string> {
      const page = await results.page(handle, '1', principal, store);
      return 'text' in page ? page.text : page.blob;
    },
    answer: (result: object = { action: 'accept', content: {} }) => {
      const question = sent.findLast((message) => 'id' in message);
      return asking.take('session', { jsonrpc: '2.0', id: question?.id, result }, session, call());
    },
  };
}

const textOf = (result: object | null) =>
  (result as ToolResult).content.map((block) => block.type === 'text' && block.text).join();
const handleOf = (result: object | null) => {
  const { _meta: meta } = result as ToolResult;
  return ((meta ?? {})['io.tidegate/result'] as { handle: string }).handle;
};
const entering = (result: object): GoesOn => ({
  enter: () => Promise.resolve(result),
  failure: (_method, thrown) => ({ code: -32_603, message: String(thrown) }),
});
const done = { content: [{ type: 'text', text: 'Hello, Ada!' }] };

let one: ReturnType<typeof instance>;
beforeEach(() => void (one = instance()));

describe('a client that shows nothing', () => {
  it('is waited for 50 s, and the words name the question and the call that reads what comes', async () => {
    const result = await one.asking.ask(one.asked(), one.call());
    expect(one.waits).toEqual([50_000]);
    expect(result).toMatchObject({ isError: true });
    expect(textOf(result)).toContain('Who?');
    expect(textOf(result)).toContain(`read_result {"handle":"${handleOf(result)}"}`);
    expect(await one.read(handleOf(result))).toContain('Not answered yet: Who?');
    // The question stays open.
    expect(one.sent.filter(({ method }) => method === 'notifications/cancelled')).toEqual([]);
  });

  it('is not waited for longer than the platform lets a request be', async () => {
    const result = await one.asking.ask(one.asked({ endsAt: one.now() + 28_500 }), one.call());
    expect(one.waits).toEqual([25_000]);
    expect(result).toMatchObject({ isError: true });
  });

  it('is waited for 5 s from then on, until it answers', async () => {
    await one.asking.ask(one.asked(), one.call());
    await one.asking.ask(one.asked({ stream: { ...one.asked().stream, id: 'second' } }), one.call());
    await one.answer();
    await one.asking.ask(one.asked({ stream: { ...one.asked().stream, id: 'third' } }), one.call());
    expect(one.waits).toEqual([50_000, 5_000, 50_000]);
  });

  it('is not waited for where too many wait', async () => {
    const result = await one.asking.ask(one.asked({ mayWait: false }), one.call());
    expect(one.waits).toEqual([0]);
    expect(result).toMatchObject({ isError: true });
  });

  it('is told every ten seconds that its request waits', async () => {
    one.events[0] = async () => {
      for (let ticks = 0; ticks < 4; ticks += 1) {
        await new Promise(setImmediate);
        one.tick();
      }
    };
    await one.asking.ask(one.asked(), one.call());
    expect(one.progress.length).toBeGreaterThanOrEqual(4);
    expect(new Set(one.progress)).toEqual(new Set(['Waiting for an answer: Who?']));
  });

  it.each(['prompts/get', 'resources/read'])('of %s gets an error, and the question is taken back', async (method) => {
    const asked = one.asked({ request: { id: 1, method, version: '2025-11-25' } });
    await expect(one.asking.ask(asked, one.call())).rejects.toMatchObject({ code: 'cancelled' });
    const [question, taken] = one.sent as JSONRPCRequest[];
    expect(taken).toMatchObject({ method: 'notifications/cancelled', params: { requestId: question?.id } });
    expect(await one.answer()).toBeNull();
  });
});

describe('an answer that comes later', () => {
  it('is taken, and the handle reads as its result', async () => {
    const result = await one.asking.ask(one.asked(), one.call());
    one.pass(5 * 60_000);
    const goOn = await one.answer();
    await goOn?.(entering(done));
    expect(await one.read(handleOf(result))).toBe('Hello, Ada!');
    expect(one.kept).toEqual([]);
    expect(await one.answer()).toBeNull();
  });

  it('counts once', async () => {
    await one.asking.ask(one.asked(), one.call());
    const taken = await Promise.all([one.answer(), one.answer(), one.answer()]);
    expect(taken.filter((each) => each !== null)).toHaveLength(1);
  });

  it('is one to nothing after ten minutes', async () => {
    const result = await one.asking.ask(one.asked(), one.call());
    one.pass(11 * 60_000);
    expect(await one.answer()).toBeNull();
    expect(await one.read(handleOf(result))).toContain('Not answered yet');
  });

  it('may be a refusal, or lead to a further question or an error: the handle says it', async () => {
    for (const [given, goesOn, expected] of [
      [
        { action: 'accept' },
        entering({
          resultType: 'input_required',
          inputRequests: one.asked().required.inputRequests,
          requestState: 's',
        }),
        /More is asked: Who\?/,
      ],
      [{ action: 'accept' }, { ...entering({}), enter: () => Promise.reject(new Error('broken')) }, /broken/],
    ] as const) {
      const result = await one.asking.ask(
        one.asked({ stream: { ...one.asked().stream, id: String(expected).replaceAll(/\W/g, '') } }),
        one.call(),
      );
      const goOn = await one.answer(given);
      await goOn?.(goesOn);
      expect(await one.read(handleOf(result))).toMatch(expected);
    }
  });

  it.each([
    ['as JSON, with what is no text', { ...done, structuredContent: { a: 1 } }, '"structuredContent":{"a":1}'],
    ['as a failure', { ...done, isError: true }, 'The call failed.\nHello, Ada!'],
    [
      'in pages where it is large',
      { content: [{ type: 'text', text: 'x'.repeat(700_000) }] },
      'The result came, in 3 pages',
    ],
    [
      'as that there is no room for it',
      { content: [{ type: 'text', text: 'x'.repeat(1_100_000) }] },
      'could not be kept',
    ],
  ])('is kept %s', async (_how, result, expected) => {
    const words = await one.asking.ask(one.asked(), one.call());
    const goOn = await one.answer();
    await goOn?.(entering(result));
    expect(await one.read(handleOf(words))).toContain(expected);
  });
});

describe('an answer that comes in time', () => {
  it('ends the wait when its result is kept for the stream', async () => {
    one.events[0] = async () => (await one.answer())?.(entering(done));
    expect(await one.asking.ask(one.asked(), one.call())).toBeNull();
    expect(one.kept).toEqual([{ jsonrpc: '2.0', id: 1, result: done }]);
  });

  it('and leads to a further question waits 50 s for that one, too', async () => {
    const further = { ...one.asked().required, requestState: 'another' };
    one.events[0] = async () => {
      one.pass(40_000);
      await (
        await one.answer()
      )?.(entering(further));
    };
    const result = await one.asking.ask(one.asked(), one.call());
    expect(one.kept).toMatchObject([{ method: 'elicitation/create' }]);
    expect(one.waits).toHaveLength(2);
    expect(one.waits.reduce((sum, ms) => sum + ms, 0)).toBe(90_000);
    expect(result).toMatchObject({ isError: true });
  });

  it('and is worked on is waited for as long as that may take; who waits no longer is told not to repeat the call', async () => {
    let goOn: Awaited<ReturnType<typeof one.answer>> = null;
    one.events[0] = async () => {
      one.pass(49_000);
      goOn = await one.answer();
    };
    const result = await one.asking.ask(one.asked(), one.call());
    expect(one.waits.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(60_000);
    expect(textOf(result)).toContain('Do not repeat the call');
    // It was only slow.
    await (goOn as ((goesOn: GoesOn) => Promise<void>) | null)?.(entering(done));
    expect(await one.read(handleOf(result))).toBe('Hello, Ada!');
    expect(one.kept).toEqual([]);
  });
});

describe('a result that is too large for a kept response', () => {
  it('is read by a handle, and of a prompt it is an error', async () => {
    const large = { content: [{ type: 'text', text: 'x'.repeat(345_000) }] };
    for (const method of ['tools/call', 'prompts/get']) {
      const two = instance();
      two.events[0] = async () => (await two.answer())?.(entering(large));
      expect(
        await two.asking.ask(two.asked({ request: { id: 1, method, version: '2025-11-25' } }), two.call()),
      ).toBeNull();
      const [response] = two.kept as { result?: object; error?: object }[];
      if (method === 'prompts/get') expect(response?.error).toBeDefined();
      else expect(await two.read(handleOf(response?.result ?? null))).toContain('in 2 pages');
    }
  });
});

describe('arguments of nearly 1 MB', () => {
  it('stand in pieces, and are whole when the request goes on', async () => {
    const params = { name: 'greet', arguments: { text: '☃'.repeat(300_000) } };
    let entered: unknown;
    one.events[0] = async () => {
      const goOn = await one.answer();
      await goOn?.({ ...entering(done), enter: (_request, given) => ((entered = given), Promise.resolve(done)) });
    };
    expect(await one.asking.ask(one.asked({ params }), one.call())).toBeNull();
    expect(entered).toEqual(params);
  });
});
