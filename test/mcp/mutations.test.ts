/**
 * Messages that went wrong somewhere: valid requests with one or two parts replaced at random, under a fixed seed. Whatever
 * comes, the answer is JSON-RPC with a client's error or a result: never 500, never a hang, never a defect in the log.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extendApp, task, type Tool } from '../../src/index.ts';
import { askingApp } from './asking-app.ts';
import { sampleApp } from './sample-app.ts';
import { type Served, serveApp } from './served.ts';
import { HEADER_VALUES, mutate, randomFrom, textOf } from './wrong-messages.ts';

const SEED = 20_261_120;
const ROUNDS = 1_500;

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {
    elicitation: { form: {}, url: {} },
    extensions: { 'io.modelcontextprotocol/tasks': {} },
  },
  'io.modelcontextprotocol/logLevel': 'debug',
  progressToken: 'p',
};

const METHODS: [string, Record<string, unknown>][] = [
  ['initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '0' } }],
  ['server/discover', {}],
  ['tools/list', { cursor: btoa('tools:100') }],
  ['tools/call', { name: 'add', arguments: { a: 1, b: 2 } }],
  [
    'tools/call',
    { name: 'greet', inputResponses: { a: { action: 'accept', content: { b: 1 } } }, requestState: '1.AAAAAAAA.AAAA' },
  ],
  ['prompts/get', { name: 'brief', arguments: { topic: 'x' }, inputResponses: { a: { action: 'cancel' } } }],
  ['tools/call', { name: 'regional', arguments: { region: 'eu', limit: 3 } }],
  ['resources/list', {}],
  ['resources/read', { uri: 'note://ada/1' }],
  ['prompts/get', { name: 'brief', arguments: { topic: 'x' } }],
  ['completion/complete', { ref: { type: 'ref/prompt', name: 'brief' }, argument: { name: 'topic', value: 'x' } }],
  ['logging/setLevel', { level: 'info' }],
  ['tools/call', { name: 'both', inputResponses: { who: { action: 'accept', content: { name: 'x' } } } }],
  ['tools/call', { name: 'remove', arguments: { id: '1', deep: { a: 1, b: 2 } } }],
  ['tools/call', { name: 'read_result', arguments: { handle: '1.AAAAAAAA.AAAA', page: 1 } }],
  ['resources/read', { uri: 'result://1.AAAAAAAA.AAAA/1' }],
  ['tasks/get', { taskId: 'x' }],
  ['tasks/update', { taskId: 'x', inputResponses: { a: { action: 'accept', content: { b: 1 } } } }],
  ['tasks/cancel', { taskId: 'x' }],
];

const app = extendApp(sampleApp, {
  tools: { both: askingApp.tools.get('both') as Tool, remove: askingApp.tools.get('remove') as Tool },
  tasks: { work: task({ description: 'Works.', version: '1', run: () => Promise.resolve('done') }) },
});

let served: Served;
beforeAll(async () => {
  served = await serveApp(app, { results: {} });
});
afterAll(() => served.close());

describe('messages that went wrong', () => {
  it(`are answered in form, ${ROUNDS} of them (seed ${SEED})`, async () => {
    const random = randomFrom(SEED);
    const statuses = new Map<number, number>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const [method, params] = METHODS[random(METHODS.length)] ?? ['ping', {}];
      const modern = random(3) > 0;
      const message = structuredClone({
        jsonrpc: '2.0',
        id: round,
        method,
        params: { ...params, ...(modern ? { _meta: META } : {}) },
      });
      for (let count = random(3); count > 0; count -= 1) mutate(message, random);
      const headers = new Headers({
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
      });
      if (modern) {
        headers.set('MCP-Protocol-Version', '2026-07-28');
        headers.set('Mcp-Method', method);
        const name = method === 'resources/read' ? params.uri : (params.name ?? params.taskId);
        if (typeof name === 'string') headers.set('Mcp-Name', name);
        headers.set('Mcp-Param-Region', 'eu');
        headers.set('Mcp-Param-Limit', '3');
      }
      if (random(4) === 0) {
        const names = ['MCP-Protocol-Version', 'Mcp-Method', 'Mcp-Name', 'Mcp-Param-Region', 'Accept'];
        headers.set(names[random(names.length)] ?? 'x', HEADER_VALUES[random(HEADER_VALUES.length)] ?? '');
      }
      const body = textOf(random(10) === 0 ? [message] : message);
      const response = await fetch(served.mcpUrl, { method: 'POST', headers, body });
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      const text = await response.text();
      const context = `round ${round}: ${body.slice(0, 400)} → ${response.status} ${text.slice(0, 400)}`;
      expect([200, 202, 400, 404], context).toContain(response.status);
      if (response.status !== 202) expect(text, context).toContain('"jsonrpc":"2.0"');
      expect(text, context).not.toContain('"code":-32603');
    }
    expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 202, 400, 404]));
    expect(served.logged.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
