/** Questions over a pipe: how long a person thinks is no time of the handler that asked. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, form, tool } from '../../../src/index.ts';
import { SECRETS } from '../../calls/states.ts';
import { pipedApp } from '../events/piped.ts';

const app = defineApp({
  name: 'asks',
  version: '1.0.0',
  description: 'Asks',
  tools: {
    asks: tool({
      description: 'Says how much time it has left',
      run: async (_input, { ask, deadline, now }) => {
        await ask('sure', form('Really?', z.object({ ok: z.boolean() })));
        return `${deadline - now()} ms left`;
      },
    }),
  },
});

test('whoever answers after a minute and a half is heard, and the handler has its whole time again', async () => {
  const at = pipedApp(app, true, SECRETS);
  const capabilities = { elicitation: {} };
  await at.ask(0, 'initialize', {
    protocolVersion: '2025-11-25',
    capabilities,
    clientInfo: { name: 'c', version: '1' },
  });
  await at.send({ method: 'notifications/initialized' });
  await at.ask(1, 'tools/call', { name: 'asks', arguments: {} });
  const question = () => at.messages.find(({ method }) => method === 'elicitation/create');
  await expect.poll(question).toBeDefined();
  await at.clock.advance(90_000);
  await at.send({ id: question()?.id, result: { action: 'accept', content: { ok: true } } });
  await expect.poll(() => at.of(1)).toHaveLength(1);
  expect(at.of(1)[0]?.result).toMatchObject({ content: [{ text: '58000 ms left' }] });
});
