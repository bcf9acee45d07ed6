/** The README's app that publishes, on a real broker: a pump turns as a person agreed, and answers what it is asked. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { expect, test } from 'vitest';
import { connectFromNode as connect } from '../../../src/hosts/node/socket.ts';
import { publish } from '../../feeds/mqtt/bursts.ts';
import { meanwhile, outletOf, real } from '../../feeds/mqtt/outlets.ts';
import { serveApp } from '../../mcp/served.ts';
import { requireService } from '../../services/available.ts';
import { startMosquitto } from '../../services/mosquitto.ts';
import { pumpsApp } from './app.ts';

test.skipIf(!requireService('mosquitto'))('a pump is moved and asked (needs mosquitto)', async () => {
  const broker = await startMosquitto();
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const served = await serveApp(pumpsApp(url), { builtIns: true, connect });
  const versionNegotiation = { mode: { pin: '2026-07-28' } } as const;
  const client = new Client({ name: 't', version: '0' }, { versionNegotiation, capabilities: { elicitation: {} } });
  const questions: string[] = [];
  client.setRequestHandler('elicitation/create', ({ params }) => {
    questions.push(params.message);
    return { action: 'accept', content: {} };
  });
  try {
    await client.connect(new StreamableHTTPClientTransport(new URL(served.mcpUrl)));
    const pump = outletOf({ url, topics: { read: ['#'] } });

    const set = { topic: 'plant/pumps/p1/set', payload: { rpm: 900 } };
    const moved = await meanwhile(pump.receive({ topic: set.topic, timeoutMs: 15_000 }, real()), () =>
      client.callTool({ name: 'publish', arguments: set }),
    );
    expect(moved.messages).toMatchObject([{ payload: { rpm: 900 } }]);
    expect(questions[0]).toMatch(/^Change the speed of this pump\?/);

    const answering = async () => {
      const { messages } = await pump.receive({ topic: 'plant/pumps/+/ask', timeoutMs: 15_000 }, real());
      const [{ id } = { id: '' }] = messages.map(({ payload }) => payload as { id: string });
      const payload = JSON.stringify({ id, rpm: 900 });
      await publish(broker.port, [{ topic: 'plant/pumps/p1/answer', payload }]);
    };
    const answers: unknown[] = [];
    await meanwhile(answering(), async () => {
      const ask = { topic: 'plant/pumps/p1/ask', payload: { what: 'rpm' }, seconds: 2 };
      const { structuredContent } = await client.callTool({ name: 'request', arguments: ask });
      answers.push(...(structuredContent as { answers: unknown[] }).answers);
    });
    expect(answers).toMatchObject([{ topic: 'plant/pumps/p1/answer', payload: { rpm: 900 } }]);

    const { structuredContent } = await client.callTool({ name: 'read_history', arguments: { stream: 'published' } });
    const { events } = structuredContent as { events: { data: object }[] };
    expect(events).toContainEqual(
      expect.objectContaining({ data: expect.objectContaining({ action: 'publish', topic: set.topic, bytes: 11 }) }),
    );
  } finally {
    await client.close();
    await served.close();
    await broker.stop();
  }
});
