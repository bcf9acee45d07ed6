/** The request state in the hands of those who would misuse it: each is refused, has no effect, and learns nothing. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WireRequest } from '../../src/declare/ask.ts';
import { createSealer } from '../../src/base/seal.ts';
import { createRequestStates } from '../../src/calls/request-state.ts';
import { countCalls } from '../../src/store/counting.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { TidegateError } from '../../src/index.ts';
import { accept, askingApp, done, type Reply, send, textOf } from './asking-app.ts';
import { type Served, type ServeOptions, serveApp } from '../mcp/served.ts';

const [A, B, C] = ['a', 'b', 'c'].map((letter) => letter.repeat(40)) as [string, string, string];
const ADA = { tenant: 'acme', subject: 'ada', client: 'inspector', scopes: ['*'] };
const REMOVE = { name: 'remove', arguments: { id: '7' } };
const deep = (value: object) => ({ name: 'remove', arguments: { id: '7', deep: value } });
const SURE: WireRequest = { method: 'elicitation/create', params: { mode: 'form', message: 'Really?' } };
const YES = { sure: accept({ ok: true }) };

let store = createMemoryStore({});
const running: Served[] = [];
let now = Date.now();

async function instance(options: ServeOptions = {}): Promise<Served> {
  const served = await serveApp(askingApp, { store, now: () => now, ...options });
  running.push(served);
  return served;
}

beforeEach(() => {
  store = createMemoryStore({});
  now = Date.now();
  done.length = 0;
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((served) => served.close()));
});

/** The state of a call that asked. */
async function stateOf(served: Served, params: object = REMOVE, method = 'tools/call'): Promise<string> {
  const { result } = await send(served, method, params);
  expect(result.resultType).toBe('input_required');
  return result.requestState as string;
}

const retry = (served: Served, requestState: unknown, params: object = REMOVE, inputResponses: object = YES) =>
  send(served, 'tools/call', { ...params, inputResponses, requestState });

function expectRefused({ status, error, result }: Reply, message = 'The requestState is not of this request'): void {
  expect(result).toBeUndefined();
  expect([status, error.code, error.data.code, error.data.field]).toEqual([
    200,
    -32_602,
    'bad_request_state',
    'params.requestState',
  ]);
  expect(error.message.startsWith(`${message}; expected `)).toBe(true);
  expect(error.data.hint).toContain('without requestState');
  expect(done).toEqual([]);
}

describe('a request state', () => {
  test('is good at another instance, and once', async () => {
    const [here, there] = [await instance(), await instance()];
    const state = await stateOf(here);
    expect(textOf(await retry(there, state))).toBe('removed 7');
    expect(done).toEqual(['removed 7']);
    done.length = 0;
    for (const served of [here, there]) expectRefused(await retry(served, state), 'The requestState was used before');
  });

  test('is good for one of many who come at once, at two instances', async () => {
    const both = [await instance(), await instance()];
    const state = await stateOf(both[0] as Served);
    const replies = await Promise.all([...both, ...both, ...both, ...both].map((served) => retry(served, state)));
    expect(replies.filter(({ result }) => result !== undefined)).toHaveLength(1);
    expect(replies.filter(({ error }) => error?.data.code === 'bad_request_state')).toHaveLength(7);
    expect(done).toEqual(['removed 7']);
  });

  test('of each round is good once', async () => {
    const served = await instance();
    const steps = { name: 'steps' };
    const first = await stateOf(served, steps);
    const named = { who: accept({ name: 'Ada' }) };
    const second = (await retry(served, first, steps, named)).result.requestState;
    expectRefused(await retry(served, first, steps, named), 'The requestState was used before');
    const painted = { paint: accept({}) };
    expect((await retry(served, second, steps, painted)).result.resultType).toBe('input_required');
    expectRefused(await retry(served, second, steps, painted), 'The requestState was used before');
  });

  test('that brings no answer is not used by that: the question comes again', async () => {
    const served = await instance();
    const state = await stateOf(served);
    expect((await retry(served, state, REMOVE, {})).result.resultType).toBe('input_required');
    expect(textOf(await retry(served, state))).toBe('removed 7');
  });

  test.each([
    ['a wrong answer', { sure: accept({ ok: 'perhaps' }) }, 'Really?\n(Asked again: ok: true or false)'],
    ['no content', { sure: accept(null as never) }, 'Really?\n(Asked again: ok: true or false)'],
    ['none', {}, 'Really?'],
  ])('is not used by %s: it is asked again, and corrected with either state, once', async (_what, answers, message) => {
    const served = await instance();
    for (const which of ['first', 'second'] as const) {
      done.length = 0;
      const first = await stateOf(served);
      const { result } = await retry(served, first, REMOVE, answers);
      expect(result).toMatchObject({ resultType: 'input_required', inputRequests: { sure: { params: { message } } } });
      expect(done).toEqual([]);
      const states = { first, second: result.requestState as string };
      expect(textOf(await retry(served, states[which]))).toBe('removed 7');
      done.length = 0;
      for (const state of Object.values(states))
        expectRefused(await retry(served, state), 'The requestState was used before');
    }
  });

  test('that comes again ends an hour after the first, when what was used is forgotten', async () => {
    const served = await instance();
    let state = await stateOf(served);
    const begun = now;
    for (let ms = 500_000; ms < 3_600_000; ms += 500_000) {
      now = begun + ms;
      state = (await retry(served, state, REMOVE, {})).result.requestState as string;
    }
    now = begun + 3_600_000 - 1;
    const other = (await retry(served, state, REMOVE, {})).result.requestState as string;
    now += 1;
    for (const each of [state, other]) expectRefused(await retry(served, each), 'The requestState has expired');
  });

  test('of two questions keeps the answer that was right', async () => {
    const served = await instance();
    const pair = { name: 'pair' };
    const state = await stateOf(served, pair);
    const half = { who: accept({ name: 'Ada' }), sure: accept({ ok: 3 }) };
    const { result } = await retry(served, state, pair, half);
    expect(Object.keys(result.inputRequests as object)).toEqual(['sure']);
    expect(textOf(await retry(served, result.requestState, pair, YES))).toBe('Ada: true');
    expect(done).toEqual(['pair']);
    done.length = 0;
    expectRefused(await retry(served, state, pair, { ...half, ...YES }), 'The requestState was used before');
  });

  test.each([
    ['a decline with content', { action: 'decline', content: null }],
    ['a cancel with content', { action: 'cancel', content: 'no' }],
  ])('takes %s as one', async (_what, sure) => {
    const served = await instance();
    expect(textOf(await retry(served, await stateOf(served), REMOVE, { sure }))).toBe('left as it is');
  });

  test('null in an answer, and texts for what they can only mean', async () => {
    const served = await instance();
    const sure = accept({ ok: 'true', more: null });
    expect(textOf(await retry(served, await stateOf(served), REMOVE, { sure }))).toBe('removed 7');
  });

  test('that is null is none', async () => {
    const { result } = await send(await instance(), 'tools/call', { ...REMOVE, requestState: null });
    expect(result.resultType).toBe('input_required');
  });

  test('is good again where the tool has no effects', async () => {
    const served = await instance();
    const greet = { name: 'greet' };
    const state = await stateOf(served, greet);
    for (const name of ['Ada', 'Eve']) {
      expect(textOf(await retry(served, state, greet, { who: accept({ name }) }))).toBe(`Hello, ${name}!`);
    }
  });

  test('is refused when it was tampered with', async () => {
    const served = await instance();
    const state = await stateOf(served);
    const middle = Math.floor(state.length / 2);
    const flipped = state.slice(0, middle) + (state[middle] === 'A' ? 'B' : 'A') + state.slice(middle + 1);
    for (const wrong of [`${state}-TAMPERED`, flipped, state.slice(0, -4), '', 'x', 7, {}, ['a']]) {
      expectRefused(await retry(served, wrong));
    }
    expect(textOf(await retry(served, state))).toBe('removed 7');
  });

  test('is refused ten minutes later', async () => {
    const served = await instance();
    const state = await stateOf(served);
    now += 600_000;
    expectRefused(await retry(served, state), 'The requestState has expired');
    now -= 1;
    expect(textOf(await retry(served, state))).toBe('removed 7');
  });

  test.each([
    ['tenant', { ...ADA, tenant: 'other' }],
    ['subject', { ...ADA, subject: 'eve' }],
    ['client', { ...ADA, client: null }],
    ['nobody in particular', undefined],
  ])('is refused from another principal: %s', async (_what, principal) => {
    const state = await stateOf(await instance({ principal: ADA }));
    expectRefused(await retry(await instance(principal ? { principal } : {}), state));
    expect(textOf(await retry(await instance({ principal: { ...ADA, scopes: ['more'] } }), state))).toBe('removed 7');
  });

  test('is refused with other arguments; their order makes no difference', async () => {
    const served = await instance();
    const state = await stateOf(served, deep({ a: 1, b: 2 }));
    for (const params of [REMOVE, deep({ a: 1, b: 3 }), { ...REMOVE, arguments: { id: '8' } }]) {
      expectRefused(await retry(served, state, params));
    }
    const turned = { name: 'remove', arguments: { deep: { b: 2, a: 1 }, id: '7' } };
    expect(textOf(await retry(served, state, turned))).toBe('removed 7');
  });

  test('is refused by another tool, a prompt and a resource', async () => {
    const served = await instance();
    const state = await stateOf(served);
    expectRefused(await retry(served, state, { ...REMOVE, name: 'other' }));
    expectRefused(await send(served, 'prompts/get', { name: 'letter', inputResponses: YES, requestState: state }));
    expectRefused(await send(served, 'resources/read', { uri: 'note://1', inputResponses: YES, requestState: state }));
    const letter = { name: 'letter' };
    const answer = { inputResponses: { who: accept({ name: 'Ada' }) } };
    const ofTool = await stateOf(served, letter);
    expectRefused(await send(served, 'prompts/get', { ...letter, ...answer, requestState: ofTool }));
    const ofNote = await stateOf(served, { uri: 'note://1' }, 'resources/read');
    expectRefused(await send(served, 'resources/read', { uri: 'note://2', inputResponses: {}, requestState: ofNote }));
  });

  test('is refused by a tool that asks nothing, too', async () => {
    expectRefused(await retry(await instance(), 'forged', { name: 'silent' }));
  });

  test('is good under the previous secret, and refused under one that is not known', async () => {
    const state = await stateOf(await instance({ secrets: { current: A, previous: null } }));
    expectRefused(await retry(await instance({ secrets: { current: C, previous: B } }), state));
    expectRefused(await retry(await instance({ secrets: null }), state));
    const rotated = await instance({ secrets: { current: B, previous: A } });
    expect(textOf(await retry(rotated, state))).toBe('removed 7');
  });

  test('takes answers to what was asked, and none in advance', async () => {
    const served = await instance();
    const state = await stateOf(served, { name: 'steps' });
    const eager = { who: accept({ name: 'Ada' }), paint: accept({ colour: 'blue' }), 'who:2': accept({ name: 'Eve' }) };
    const { result } = await retry(served, state, { name: 'steps' }, eager);
    expect(Object.keys(result.inputRequests as object)).toEqual(['paint']);
  });

  test('that is missing: an answer counts where there are no effects, and else is asked for', async () => {
    const served = await instance();
    expect((await retry(served, undefined)).result.resultType).toBe('input_required');
    expect(done).toEqual([]);
    const greeted = await retry(served, undefined, { name: 'greet' }, { who: accept({ name: 'Ada' }) });
    expect(textOf(greeted)).toBe('Hello, Ada!');
  });
});

test('asking costs the store nothing but one commit where there are effects', async () => {
  const counted = countCalls(store);
  const served = await instance({ store: counted.store });
  const greet = { name: 'greet' };
  await retry(served, await stateOf(served, greet), greet, { who: accept({ name: 'Ada' }) });
  const state = await stateOf(served);
  expect(counted.total()).toBe(0);
  await retry(served, state);
  expect(counted.total()).toBe(1);
});

test('without a secret a handler that asks fails, the log names the variable, and all else works', async () => {
  const served = await instance({ secrets: null });
  const { result } = await send(served, 'tools/call', REMOVE);
  expect(result.isError).toBe(true);
  expect(served.logged.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
    expect.stringContaining('TIDEGATE_SECRET'),
  ]);
  expect(textOf(await send(served, 'tools/call', { name: 'silent' }))).toBe('nothing asked');
});

test('a store that does not say whether a state was used keeps the handler from going on', async () => {
  const asked = { method: 'tools/call', name: 'remove', args: {}, once: true } as const;
  const states = createRequestStates({
    runtime: { now: () => now, newId: () => 'id', log: () => {} },
    sealer: createSealer({ current: A, previous: null }, 'test'),
    takeOnce: () => Promise.reject(new TidegateError('store_unknown', 'no answer')),
  });
  const caller = { principal: ADA, deadline: now + 1_000 };
  const state = await states.seal(new Map(), new Map([['sure', SURE]]), 0, asked, caller);
  await expect(states.open({ responses: YES, state }, asked, caller)).rejects.toMatchObject({ code: 'store_unknown' });
});

test('answers that are too large to carry end the call, and arguments that are too deep to bind', async () => {
  const states = createRequestStates({
    runtime: { now: () => now, newId: () => 'id', log: () => {} },
    sealer: createSealer({ current: A, previous: null }, 'test'),
    takeOnce: () => Promise.resolve(true),
  });
  const caller = { principal: ADA, deadline: now + 1_000 };
  const asked = { method: 'tools/call', name: 'remove', args: {}, once: true } as const;
  const known = new Map([['a', 'x'.repeat(300_000)]]);
  await expect(states.seal(known, new Map(), 0, asked, caller)).rejects.toMatchObject({ code: 'too_large' });
  let args: unknown[] = [];
  for (let depth = 0; depth < 10_000; depth += 1) args = [args];
  const sealing = states.seal(new Map(), new Map(), 0, { ...asked, args }, caller);
  await expect(sealing).rejects.toMatchObject({ code: 'invalid_input', field: 'arguments' });
});
