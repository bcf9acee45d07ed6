/** The time of the fuzz runs' own stands still while the server works, whatever it works with. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import * as z from 'zod';
import { defineApp, tool } from '../../src/index.ts';
import { setFuzzStage } from './stage.ts';

/** Takes longer on any machine than the stage waits for where nothing happens. */
const ITERATIONS = 3_000_000;
const STALLED_MS = 1_000;

const app = defineApp({
  name: 'slow-seals',
  version: '1.0.0',
  description: 'Works beside the thread, and never ends',
  tools: {
    derive: tool({
      description: 'Derives bits slowly.',
      input: z.object({}),
      async run() {
        const key = await crypto.subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits']);
        const algorithm = { name: 'PBKDF2', hash: 'SHA-256', salt: new Uint8Array(8), iterations: ITERATIONS };
        return String((await crypto.subtle.deriveBits(algorithm, key, 128)).byteLength);
      },
    }),
    stall: tool({
      description: 'Ends after some turns of the loop, and the machine was busy meanwhile.',
      input: z.object({}),
      async run() {
        const now = performance.now.bind(performance);
        vi.spyOn(performance, 'now').mockImplementation(() => now() + STALLED_MS);
        for (let turns = 0; turns < 20; turns += 1) await turn();
        return 'ended';
      },
    }),
    hang: tool({ description: 'Never ends.', input: z.object({}), run: () => new Promise<string>(() => {}) }),
  },
});

function call(name: string): Request {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const headers = {
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': '2026-07-28',
    'Mcp-Method': 'tools/call',
    'Mcp-Name': name,
    Host: '127.0.0.1',
  };
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {}, _meta: meta } };
  return new Request('http://127.0.0.1/mcp', { method: 'POST', headers, body: JSON.stringify(body) });
}

test('work of WebCrypto is waited for, however long it takes', async () => {
  const stage = setFuzzStage(app, false);
  const before = stage.now();
  expect((await stage.send(call('derive'))).text).toContain('16');
  expect(stage.now()).toBe(before);
});

test('a process that gets no processor for a while is not taken for one that is idle', async () => {
  onTestFinished(() => void vi.restoreAllMocks());
  const stage = setFuzzStage(app, false);
  expect((await stage.send(call('stall'))).text).toContain('ended');
});

test('what never ends is ended by the time of the run', async () => {
  const stage = setFuzzStage(app, false);
  expect((await stage.send(call('hang'))).text).toContain('did not answer within 58 s');
});
