/** Requests to clients of 2025-11-25 over HTTP: each message goes to another of three instances. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askingApp, done } from '../../calls/asking-app.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { ServeOptions } from '../served.ts';
import {
  accepted,
  answer,
  as,
  ask,
  call,
  EVERYTHING,
  type Hosts,
  initialize,
  type Message,
  notify,
  post,
  serveOn,
  textIn,
} from './raw-client.ts';

const open: Hosts[] = [];
beforeEach(() => void done.splice(0));
afterEach(async () => {
  await Promise.all(open.splice(0).map((hosts) => hosts.close()));
});

async function start(options: ServeOptions = {}) {
  const hosts = await serveOn(askingApp, 3, options);
  open.push(hosts);
  const [first, second, third] = hosts.all;
  if (!first || !second || !third) throw new Error('there are three');
  return { first, second, third, hosts };
}

const ada = accepted({ name: 'Ada' });
const yes = accepted({ ok: true });
const idOf = ({ id }: Message) => id;

describe('a question', () => {
  it('comes on the stream of its request with a random id, and its answer goes on at the instance that it came to', async () => {
    const { first, second } = await start();
    const session = await initialize(first);
    const stream = await call(first, session, 'greet');
    expect([stream.status, stream.type]).toEqual([200, 'text/event-stream']);
    const question = await stream.next();
    expect(question).toMatchObject({
      method: 'elicitation/create',
      params: { mode: 'form', message: 'What is your name?' },
    });
    expect(question.id).toMatch(/^[\w-]{20,}:[\w-]{20,}:0$/);
    expect(await answer(second, session, question.id, ada)).toBe(202);
    const result = await stream.next();
    expect([result.id, textIn(result)]).toEqual([1, 'Hello, Ada!']);
    await expect(stream.next()).rejects.toThrow('the stream has ended');
  });

  it('comes with those that are asked at once, and goes on when all are answered, in any order', async () => {
    const { first, second, third } = await start();
    const session = await initialize(first);
    const stream = await call(first, session, 'pair');
    const [who, ok] = [await stream.next(), await stream.next()];
    await answer(second, session, idOf(ok), yes);
    expect(done).toEqual([]);
    await answer(third, session, idOf(who), ada);
    expect(textIn(await stream.next())).toBe('Ada: true');
    expect(done).toEqual(['pair']);
  });

  it('may follow another one: rounds go from instance to instance', async () => {
    const { first, second, third } = await start();
    const session = await initialize(first);
    const stream = await call(first, session, 'steps');
    for (const [host, given] of [
      [second, ada],
      [third, accepted({ colour: 'blue' })],
      [first, ada],
    ] as const) {
      await answer(host, session, idOf(await stream.next()), given);
    }
    expect(textIn(await stream.next())).toContain('"colour":"blue"');
    expect(done).toEqual(['steps']);
  });

  it('is asked again where a form is filled in wrongly', async () => {
    const { first, second } = await start();
    const session = await initialize(first);
    const stream = await call(first, session, 'remove', { id: 'x' });
    await answer(second, session, idOf(await stream.next()), accepted({ ok: 'perhaps' }));
    const again = await stream.next();
    expect(again.params?.['message']).toContain('Asked again');
    await answer(second, session, idOf(again), yes);
    expect(textIn(await stream.next())).toBe('removed x');
    expect(done).toEqual(['removed x']);
  });

  it('may be of a prompt and of a resource', async () => {
    const { first, second } = await start();
    const session = await initialize(first);
    const prompt = await ask(first, session, 'prompts/get', { name: 'letter' });
    await answer(second, session, idOf(await prompt.next()), ada);
    expect(JSON.stringify(await prompt.next())).toContain('Yours, Ada');
    const note = await ask(first, session, 'resources/read', { uri: 'note://7' });
    await answer(second, session, idOf(await note.next()), ada);
    expect(JSON.stringify(await note.next())).toContain('Ada');
  });

  it("may be to the client's model and of its roots, and of a page", async () => {
    const { first, second } = await start();
    const session = await initialize(first);
    const stream = await call(first, session, 'client');
    const [word, folders] = [await stream.next(), await stream.next()];
    expect([word.method, folders.method]).toEqual(['sampling/createMessage', 'roots/list']);
    const said = { role: 'assistant', content: { type: 'text', text: 'aha' }, model: 'm' };
    await answer(second, session, idOf(word), { result: said });
    await answer(second, session, idOf(folders), { result: { roots: [{ uri: 'file:///a' }] } });
    expect(textIn(await stream.next())).toBe('[{"type":"text","text":"aha"},["file:///a"]]');
    const visit = await call(first, session, 'visit');
    const page = await visit.next();
    expect(page.params).toMatchObject({ mode: 'url', url: 'https://example.org/in' });
    await answer(second, session, idOf(page), { result: { action: 'accept' } });
    expect(textIn(await visit.next())).toBe('accept');
  });

  it("may give the client's model tools, where the client declared that", async () => {
    const { first, second } = await start();
    const session = await initialize(first);
    const stream = await call(first, session, 'deputy');
    const wanting = await stream.next();
    expect(wanting.params).toMatchObject({ tools: [{ name: 'look' }], toolChoice: { mode: 'auto' } });
    const use = [{ type: 'tool_use', id: 'u1', name: 'look', input: {} }];
    await answer(second, session, idOf(wanting), { result: { role: 'assistant', content: use, model: 'm' } });
    const then = await stream.next();
    expect(JSON.stringify(then.params)).toContain('"toolUseId":"u1"');
    const said = { role: 'assistant', content: { type: 'text', text: 'A tree.' }, model: 'm' };
    await answer(first, session, idOf(then), { result: said });
    expect(textIn(await stream.next())).toContain('A tree.');
    const plain = await call(first, await initialize(first, { sampling: {} }), 'deputy');
    expect(await plain.next()).toMatchObject({
      id: 1,
      error: { data: { requiredCapabilities: { sampling: { tools: {} } } } },
    });
  });

  it.each([
    ['declines', { result: { action: 'decline' } }, 'You chose to decline.'],
    ['cancels', { result: { action: 'cancel' } }, 'You chose to cancel.'],
    ['refuses with -1', { error: { code: -1, message: 'User rejected' } }, 'User rejected'],
    ['has no such method', { error: { code: -32_601, message: 'Method not found' } }, 'Method not found'],
    ['gives no reason', { error: { code: -32_603, message: '' } }, 'no answer'],
  ])('ends where the client %s', async (_how, given, expected) => {
    const { first, second } = await start();
    const session = await initialize(first);
    const stream = await call(first, session, 'greet');
    await answer(second, session, idOf(await stream.next()), given);
    expect(textIn(await stream.next())).toContain(expected);
  });

  it('takes those beside it back where the client refuses it', async () => {
    const { first, second } = await start();
    const session = await initialize(first);
    const stream = await call(first, session, 'pair');
    const [who, ok] = [await stream.next(), await stream.next()];
    await answer(second, session, idOf(who), { error: { code: -1, message: 'User rejected' } });
    expect(await stream.next()).toMatchObject({ method: 'notifications/cancelled', params: { requestId: ok.id } });
    expect(await stream.next()).toMatchObject({ id: 1, result: { isError: true } });
    // Its answer comes too late, and nothing comes of it.
    expect(await answer(second, session, idOf(ok), yes)).toBe(202);
    expect(done).toEqual([]);
  });

  it('refused in a prompt is an error', async () => {
    const { first, second } = await start();
    const session = await initialize(first);
    const prompt = await ask(first, session, 'prompts/get', { name: 'letter' });
    await answer(second, session, idOf(await prompt.next()), { error: { code: -1, message: 'no' } });
    expect(await prompt.next()).toMatchObject({ id: 1, error: { code: -32_603, data: { code: 'cancelled' } } });
  });
});

describe('an answer', () => {
  it('counts once: of many at once, to all instances, one goes on', async () => {
    const { first, hosts } = await start();
    const session = await initialize(first);
    const stream = await call(first, session, 'remove', { id: 'x' });
    const { id } = await stream.next();
    const statuses = await Promise.all(
      Array.from({ length: 9 }, (_, at) => answer(hosts.all[at % 3] ?? first, session, id, yes)),
    );
    expect(new Set(statuses)).toEqual(new Set([202]));
    expect(textIn(await stream.next())).toBe('removed x');
    expect(done).toEqual(['removed x']);
    await answer(first, session, id, accepted({ ok: false }));
    expect(done).toEqual(['removed x']);
  });

  it('of another session, principal or tenant is one to nothing', async () => {
    const { first, hosts } = await start();
    const session = await initialize(first);
    const stream = await call(first, session, 'remove', { id: 'x' });
    const { id } = await stream.next();
    expect(await answer(first, await initialize(first), id, yes)).toBe(202);
    for (const principal of [as('another'), as('public', 'another')]) {
      const { first: theirs } = await start({ store: hosts.store, principal });
      expect(await answer(theirs, await initialize(theirs), id, yes)).toBe(202);
      // The session itself is another's.
      expect(await answer(theirs, session, id, yes)).toBe(404);
    }
    expect(await answer(first, null, id, yes)).toBe(202);
    expect(done).toEqual([]);
    await answer(first, session, id, yes);
    expect(textIn(await stream.next())).toBe('removed x');
  });

  it.each([
    ['an invented id', 'x:y:0'],
    ['a number', 7],
    ['an id of the client', 1],
    ['a long id', 'x'.repeat(10_000)],
  ])('to %s is accepted, and nothing happens', async (_what, id) => {
    const { first } = await start();
    expect(await answer(first, await initialize(first), id, yes)).toBe(202);
  });

  it.each([
    ['another action', { action: 'maybe' }],
    ['nothing', {}],
    ['content that is a text', { action: 'accept', content: 'Ada' }],
  ])('of another shape (%s) fails the request of the client that sent it', async (_what, result) => {
    const { first, second } = await start();
    const session = await initialize(first);
    const stream = await call(first, session, 'greet');
    await answer(second, session, idOf(await stream.next()), { result });
    const message = await stream.next();
    expect(message.error ?? message.params?.['message']).toBeDefined();
    expect(JSON.stringify(message)).toMatch(/bad_answer|Asked again/);
  });

  it.each([[['a']], ['text'], [7], [null]])('that is no object (%j) is none', async (result) => {
    const { first, second } = await start();
    const session = await initialize(first);
    const stream = await call(first, session, 'greet');
    const { id } = await stream.next();
    await answer(second, session, id, { result: result as unknown as object });
    await answer(second, session, id, ada);
    const message = await stream.next();
    expect(message).toMatchObject({ id: 1 });
  });

  it('of nearly 1 MB is told to be too large', async () => {
    const { first, second } = await start();
    const session = await initialize(first);
    const stream = await call(first, session, 'greet');
    expect(await answer(second, session, idOf(await stream.next()), accepted({ name: 'x'.repeat(1_000_000) }))).toBe(
      202,
    );
    expect(textIn(await stream.next())).toMatch(/has \d+ bytes, of at most 32768/);
  });

  it('comes too late for a session that was ended', async () => {
    const { first, second } = await start();
    const session = await initialize(first);
    const stream = await call(first, session, 'remove', { id: 'x' });
    const { id } = await stream.next();
    await fetch(second.mcpUrl, { method: 'DELETE', headers: { 'Mcp-Session-Id': session } });
    expect(await answer(second, session, id, yes)).toBe(404);
    expect(done).toEqual([]);
    stream.leave();
  });
});

describe('two calls under one id at once', () => {
  it('are told apart by their questions', async () => {
    const { first, second, third } = await start();
    const session = await initialize(first);
    const [one, other] = await Promise.all([
      call(first, session, 'remove', { id: 'one' }),
      call(second, session, 'remove', { id: 'other' }),
    ]);
    const [asked, alsoAsked] = [await one.next(), await other.next()];
    expect(asked.id).not.toBe(alsoAsked.id);
    await answer(third, session, idOf(alsoAsked), yes);
    await answer(third, session, idOf(asked), accepted({ ok: false }));
    expect(textIn(await one.next())).toBe('left as it is');
    expect(textIn(await other.next())).toBe('removed other');
  });
});

describe('a client that cannot be asked', () => {
  it.each([
    ['declared nothing', {}],
    ['declared something else', { sampling: {} }],
  ])('and %s hears so at once', async (_what, capabilities) => {
    const { first } = await start();
    const session = await initialize(first, capabilities);
    const stream = await call(first, session, 'greet');
    expect(stream.type).toContain('application/json');
    const message = await stream.next();
    expect(JSON.stringify(message)).toMatch(/elicitation|What is your name/);
  });

  it('because it has no session, or takes no events, hears the question in words', async () => {
    const { first } = await start();
    const [none, json] = await Promise.all([
      call(first, null, 'greet'),
      ask(first, await initialize(first), 'tools/call', { name: 'greet' }, { headers: { Accept: 'application/json' } }),
    ]);
    for (const stream of [none, json]) {
      expect(textIn(await stream.next())).toContain('What is your name?');
    }
  });

  it('in part is asked for the rest', async () => {
    const { first } = await start();
    const session = await initialize(first, { elicitation: {}, sampling: {} });
    expect(textIn(await (await call(first, session, 'able')).next())).toBe('form sample');
    expect(textIn(await (await call(first, await initialize(first, EVERYTHING), 'able')).next())).toBe(
      'form url sample roots',
    );
  });
});

describe('a client that shows nothing', () => {
  it('is told after a while; a later answer is taken at any instance, and read_result has what came of it', async () => {
    // 3.5 s are left for the words.
    const { first, second, third } = await start({ serving: { deadlineOf: () => Date.now() + 3_600 } });
    const session = await initialize(first);
    const stream = await call(first, session, 'remove', { id: 'x' });
    const question = await stream.next();
    const words = await stream.next();
    expect(words).toMatchObject({ id: 1, result: { isError: true } });
    const [, handle] = /read_result \{"handle":"([^"]+)"\}/.exec(textIn(words)) ?? [];
    const read = async () => JSON.stringify(await (await call(third, session, 'read_result', { handle })).next());
    expect(await read()).toContain('Not answered yet: Really?');
    expect(done).toEqual([]);
    await answer(second, session, idOf(question), yes);
    await expect.poll(read).toContain('removed x');
    await answer(second, session, idOf(question), yes);
    expect(done).toEqual(['removed x']);
    // It is nobody else's.
    const { first: theirs } = await start({ store: open[0]?.store ?? createMemoryStore(), principal: as('another') });
    const other = await call(theirs, await initialize(theirs), 'read_result', { handle });
    expect(JSON.stringify(await other.next())).toContain('not_found');
  });
});

describe('where the platform ends what works behind an answer', () => {
  it('an answer is acknowledged when all that came of it is done', async () => {
    const { first, second } = await start({ serving: { worksAfterAnswer: false } });
    const session = await initialize(first);
    const stream = await call(first, session, 'remove', { id: 'x' });
    expect(await answer(second, session, idOf(await stream.next()), yes)).toBe(202);
    expect(done).toEqual(['removed x']);
    expect(textIn(await stream.next())).toBe('removed x');
  });
});

describe('a cancellation', () => {
  it('ends a request that waits, at this instance and at another one, and its questions with it', async () => {
    const { first, second } = await start();
    const session = await initialize(first);
    for (const host of [first, second]) {
      const stream = await call(first, session, 'remove', { id: 'x' }, 5);
      const { id } = await stream.next();
      expect(await notify(host, session, 'notifications/cancelled', { requestId: 5 })).toBe(202);
      expect(await answer(host, session, id, yes)).toBe(202);
      expect(done).toEqual([]);
      stream.leave();
    }
  });

  it('reaches a handler that goes on with its answers, wherever that is and wherever it is told', async () => {
    const { first, second, third } = await start();
    const session = await initialize(first);
    for (const host of [first, second, third]) {
      done.splice(0);
      const stream = await call(first, session, 'dwell', {}, 5);
      const answering = answer(second, session, idOf(await stream.next()), ada);
      await expect.poll(() => done).toEqual(['dwells']);
      expect(await notify(host, session, 'notifications/cancelled', { requestId: 5 })).toBe(202);
      await expect.poll(() => done, { timeout: 15_000 }).toEqual(['dwells', 'given up']);
      expect(await answering).toBe(202);
      stream.leave();
    }
  }, 60_000);

  it('of another session ends nothing', async () => {
    const { first, second } = await start();
    const session = await initialize(first);
    const stream = await call(first, session, 'greet', {}, 5);
    const { id } = await stream.next();
    await notify(second, await initialize(second), 'notifications/cancelled', { requestId: 5 });
    await answer(second, session, id, ada);
    expect(textIn(await stream.next())).toBe('Hello, Ada!');
  });
});

describe('the end of a session', () => {
  it('ends the requests that wait for its client, at this instance and at another one, and those of no other session', async () => {
    const { first, second } = await start();
    const other = await initialize(first);
    const going = await call(first, other, 'greet', {}, 5);
    const { id } = await going.next();
    for (const host of [first, second]) {
      const session = await initialize(first);
      const stream = await call(first, session, 'remove', { id: 'x' }, 5);
      const question = await stream.next();
      const headers = { 'Mcp-Session-Id': session };
      expect((await fetch(host.mcpUrl, { method: 'DELETE', headers })).status).toBe(204);
      const left: Message[] = [];
      const end = (async () => {
        for (;;) left.push(await stream.next());
      })();
      await expect(end).rejects.toThrow('the stream has ended');
      expect(left.filter((message) => 'result' in message)).toEqual([]);
      expect(await answer(host, session, question.id, yes)).toBe(404);
    }
    expect(done).toEqual([]);
    await answer(second, other, id, ada);
    expect(textIn(await going.next())).toBe('Hello, Ada!');
  });
});

describe('beside questions', () => {
  it('the list of roots may change, and both sides may ping', async () => {
    const { first } = await start();
    const session = await initialize(first);
    expect(await notify(first, session, 'notifications/roots/list_changed')).toBe(202);
    expect(await (await ask(first, session, 'ping')).next()).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
    // An answer to a ping of a server of before.
    expect((await post(first.mcpUrl, { jsonrpc: '2.0', id: 3, result: {} }, session)).status).toBe(202);
  });
});
