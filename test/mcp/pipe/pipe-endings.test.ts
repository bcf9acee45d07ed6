/** What handlers send over a pipe when their request is over: nothing follows an answer, and nothing a cancellation. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, form, tool } from '../../../src/index.ts';
import { SECRETS } from '../../calls/states.ts';
import { pipedApp } from '../events/piped.ts';

interface Sends {
  progress(value: number): void;
  log(text: string): void;
}

/** What a handler may go on with after its end. */
const IDLE = () => {};
const held: { sends: Sends | null; end: () => void } = { sends: null, end: IDLE };

const app = defineApp({
  name: 'late',
  version: '1.0.0',
  description: 'Goes on after the end',
  tools: {
    late: tool({
      description: 'Goes on after its answer',
      run: async (_input, { progress, log }) => {
        held.sends = { progress, log: (text) => log('error', text) };
        held.sends.progress(1);
        held.sends.log('at work');
        return 'done';
      },
    }),
    deaf: tool({
      description: 'Hears no cancellation',
      run: async (_input, { progress, log }) => {
        held.sends = { progress, log: (text) => log('error', text) };
        held.sends.progress(1);
        await new Promise<void>((resolve) => (held.end = resolve));
        return 'done';
      },
    }),
    asks: tool({
      description: 'Asks after a cancellation',
      run: async (_input, { ask }) => {
        await new Promise<void>((resolve) => (held.end = resolve));
        await ask('sure', form('Really?', z.object({ ok: z.boolean() })));
        return 'done';
      },
    }),
  },
});

const META = { progressToken: 'token' };

async function stage(earlier: boolean) {
  held.end = IDLE;
  const at = pipedApp(app, earlier, SECRETS);
  if (earlier) {
    const clientInfo = { name: 'c', version: '1' };
    await at.ask(0, 'initialize', { protocolVersion: '2025-11-25', capabilities: { elicitation: {} }, clientInfo });
    await at.send({ method: 'notifications/initialized' });
  }
  const modern = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/logLevel': 'debug',
  };
  at.messages.splice(0);
  return {
    ...at,
    call: (id: number, name: string) =>
      at.send({
        id,
        method: 'tools/call',
        params: { name, arguments: {}, _meta: earlier ? META : { ...modern, ...META } },
      }),
    /** A handler has begun, and waits for `held.end`. */
    begun: () => expect.poll(() => held.end).not.toBe(IDLE),
    sent: () => at.messages.map(({ id, method }) => method ?? id),
  };
}

for (const [revision, earlier] of [
  ['2025-11-25', true],
  ['2026-07-28', false],
] as const) {
  test(`${revision}: what was sent before the answer comes before it, and nothing behind it`, async () => {
    const at = await stage(earlier);
    await at.call(1, 'late');
    await expect.poll(() => at.sent()).toEqual(['notifications/progress', 'notifications/message', 1]);
    held.sends?.progress(2);
    held.sends?.log('late');
    await at.call(2, 'late');
    await expect.poll(() => at.of(2)).toHaveLength(1);
    expect(at.messages.filter(({ params }) => params?.['progress'] === 2 || params?.['data'] === 'late')).toEqual([]);
    expect(at.sent().slice(3)).toEqual(['notifications/progress', 'notifications/message', 2]);
  });

  test(`${revision}: nothing of a request follows its cancellation`, async () => {
    const at = await stage(earlier);
    await at.call(1, 'deaf');
    await expect.poll(() => at.sent()).toEqual(['notifications/progress']);
    await at.send({ method: 'notifications/cancelled', params: { requestId: 1 } });
    held.sends?.progress(2);
    held.sends?.log('late');
    held.end();
    await at.call(2, 'late');
    await expect.poll(() => at.of(2)).toHaveLength(1);
    expect(at.sent()).toEqual(['notifications/progress', 'notifications/progress', 'notifications/message', 2]);
    expect(at.messages.filter(({ params }) => params?.['progress'] === 2)).toEqual([]);
  });
}

for (const [revision, earlier] of [
  ['2025-11-25', true],
  ['2026-07-28', false],
] as const) {
  test(`${revision}: a request that the end of the host cuts off is answered with an error, and nothing follows`, async () => {
    const at = await stage(earlier);
    await at.call(1, 'deaf');
    await at.call(2, 'late');
    await expect.poll(() => at.of(2)).toHaveLength(1);
    await at.begun();
    at.fallSilent();
    const answered = at.serving.answered();
    await at.serving.giveUp();
    await answered;
    const sent = at.sent();
    expect(at.of(1)).toMatchObject([{ error: { code: -32_603, data: { code: 'cancelled' } } }]);
    held.sends?.progress(2);
    held.end();
    await at.clock.advance(1_000);
    await at.serving.giveUp();
    expect(at.sent()).toEqual(sent);
  });
}

const listed = (id: number, name: string) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: {} },
});

test('2025-03-26: a batch of which one is cut off is answered as one list', async () => {
  const at = await stage(true);
  await at.sendAll([listed(1, 'deaf'), listed(2, 'late')]);
  await at.begun();
  await at.serving.giveUp();
  const lists = (at.messages as unknown[]).filter((each) => Array.isArray(each));
  expect(lists).toMatchObject([
    [
      { id: 2, result: {} },
      { id: 1, error: { code: -32_603 } },
    ],
  ]);
});

test.each(['within it', 'by itself'])(
  '2025-03-26: a request of a batch that is cancelled %s keeps no answer of the others back',
  async (how) => {
    const at = await stage(true);
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } };
    await at.sendAll([listed(1, 'deaf'), listed(2, 'late'), ...(how === 'within it' ? [cancel] : [])]);
    await at.begun();
    if (how === 'by itself') await at.send(cancel);
    const lists = () => (at.messages as unknown[]).filter((each) => Array.isArray(each));
    await expect.poll(lists).toMatchObject([[{ id: 2, result: {} }]]);
    held.end();
    await at.serving.answered();
    expect(lists().length).toBe(1);
  },
);

test('2025-11-25: whoever waits for the answer of a client that writes no more goes on at once', async () => {
  const at = await stage(true);
  await at.call(1, 'asks');
  await at.begun();
  held.end();
  await at.clock.advance(0);
  await expect.poll(() => at.sent()).toEqual(['elicitation/create']);
  at.fallSilent();
  await expect.poll(() => at.of(1)).toMatchObject([{ result: { isError: true } }]);
  expect(JSON.stringify(at.of(1))).toContain('Really?');
  await at.serving.answered();
});

test('2025-11-25: a client that writes no more is asked nothing', async () => {
  const at = await stage(true);
  await at.call(1, 'asks');
  await at.begun();
  at.fallSilent();
  held.end();
  await at.clock.advance(0);
  await expect.poll(() => at.of(1)).toMatchObject([{ result: { isError: true } }]);
  expect(at.sent()).toEqual([1]);
});

test('2025-11-25: nobody is asked for a request that was cancelled', async () => {
  const at = await stage(true);
  await at.call(1, 'asks');
  await at.send({ method: 'notifications/cancelled', params: { requestId: 1 } });
  held.end();
  await at.call(2, 'late');
  await expect.poll(() => at.of(2)).toHaveLength(1);
  expect(at.sent()).not.toContain('elicitation/create');
});
