/** When the endpoint loads what it stands on, and when it does without. */
import { expect, test, vi } from 'vitest';
import { PUBLIC } from '../../../src/base/principal.ts';
import { aboutOf } from '../../../src/mcp/registry/about.ts';
import { createMcpEndpoint } from '../../../src/mcp/serve/endpoint.ts';
import type { SdkServing } from '../../../src/mcp/serve/serving.ts';
import { sampleApp } from '../sample-app.ts';

const VERSION = '2026-07-28';
const META = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientCapabilities': {},
};

function asking(method: string): [Request, unknown, typeof PUBLIC] {
  const headers = { 'content-type': 'application/json', 'mcp-protocol-version': VERSION, 'mcp-method': method };
  const body = { jsonrpc: '2.0', id: 1, method, params: { _meta: META } };
  return [new Request('http://local/mcp', { method: 'POST', headers }), body, PUBLIC];
}

function served() {
  const closed = vi.fn<() => Promise<void>>(() => Promise.resolve());
  const account = { spent: () => ({ storeCalls: {} }) };
  const answer = () => ({ response: new Response('served'), asked: { mcp: '' }, account, ended: null });
  const serving: SdkServing = {
    serve: () => Promise.resolve(answer()),
    needs: () => [],
    open: () => Promise.resolve(answer()),
    end: () => Promise.resolve(answer()),
    close: closed,
  };
  const load = vi.fn<() => Promise<SdkServing>>(() => Promise.resolve(serving));
  return {
    load,
    closed,
    endpoint: createMcpEndpoint({
      about: aboutOf(sampleApp, []),
      aboutPart: () => Promise.resolve(aboutOf(sampleApp, [])),
      knowsCallers: false,
      serving: load,
      sessions: true,
    }),
  };
}

test('a plain server/discover loads nothing', async () => {
  const { load, closed, endpoint } = served();
  const { response } = await endpoint.serve(...asking('server/discover'));
  expect(await response.json()).toMatchObject({ result: { supportedVersions: [VERSION] } });
  await endpoint.close();
  expect([load.mock.calls.length, closed.mock.calls.length]).toEqual([0, 0]);
});

test('what is needed is loaded once, and ended', async () => {
  const { load, closed, endpoint } = served();
  const both = await Promise.all([
    endpoint.serve(...asking('tools/list')),
    endpoint.serve(...asking('resources/list')),
  ]);
  for (const { response } of both) expect(await response.text()).toBe('served');
  await endpoint.close();
  expect([load.mock.calls.length, closed.mock.calls.length]).toEqual([1, 1]);
});

test('what could not be loaded is tried again by the next message', async () => {
  const { load, endpoint } = served();
  load.mockRejectedValueOnce(new Error('not now'));
  await expect(endpoint.serve(...asking('tools/list'))).rejects.toThrow('not now');
  expect(await (await endpoint.serve(...asking('tools/list'))).response.text()).toBe('served');
  expect(load).toHaveBeenCalledTimes(2);
});
