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
const held: { sends: Sends | null; end: () => void } = { sends: null, end: () => {} };

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

test('2025-11-25: nobody is asked for a request that was cancelled', async () => {
  const at = await stage(true);
  await at.call(1, 'asks');
  await at.send({ method: 'notifications/cancelled', params: { requestId: 1 } });
  held.end();
  await at.call(2, 'late');
  await expect.poll(() => at.of(2)).toHaveLength(1);
  expect(at.sent()).not.toContain('elicitation/create');
});
