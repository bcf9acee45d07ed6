/** Which requests are plain: everything that the SDK would have to judge is not. */
import { describe, expect, it } from 'vitest';
import { plainRequest } from '../../../src/mcp/wire/plain.ts';

const PREFIX = 'io.modelcontextprotocol/';
const META = { [`${PREFIX}protocolVersion`]: '2026-07-28', [`${PREFIX}clientCapabilities`]: {} };
const HEADERS = {
  'Content-Type': 'application/json',
  'MCP-Protocol-Version': '2026-07-28',
  'Mcp-Method': 'tools/call',
  'Mcp-Name': 'add',
};

function message(params: object = {}, more: object = {}): Record<string, unknown> {
  return { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'add', _meta: META, ...params }, ...more };
}

function judged(body: unknown, headers: Record<string, string> = {}) {
  return plainRequest(new Headers({ ...HEADERS, ...headers }), body);
}

describe('a plain request', () => {
  it('is told without the members of the protocol', () => {
    const client = { name: 'c', version: '1', title: 'C' };
    const meta = {
      ...META,
      [`${PREFIX}clientInfo`]: client,
      [`${PREFIX}logLevel`]: 'warning',
      progressToken: 7,
      'a/b': 1,
    };
    expect(judged(message({ arguments: { a: 1 }, _meta: meta }))).toEqual({
      id: 1,
      method: 'tools/call',
      params: { name: 'add', arguments: { a: 1 }, _meta: { progressToken: 7, 'a/b': 1 } },
      capabilities: {},
      level: 'warning',
      meta: { progressToken: 7, 'a/b': 1 },
    });
    expect(judged(message())).toMatchObject({ params: { name: 'add' }, level: null, meta: undefined });
    expect(judged(message())?.params).not.toHaveProperty('_meta');
  });

  it.each<[string, unknown, Record<string, string>?]>([
    ['no message', 7],
    ['a batch', [message()]],
    ['a notification', { jsonrpc: '2.0', method: 'tools/call', params: { _meta: META } }],
    ['an id that is no whole number', message({}, { id: 1.5 })],
    ['an id that is null', message({}, { id: null })],
    ['another JSON-RPC', message({}, { jsonrpc: '1.0' })],
    ['a member more', message({}, { extra: 1 })],
    ['parameters that are a list', message({}, { params: [] })],
    ['no envelope', message({ _meta: {} })],
    ['another revision', message({ _meta: { ...META, [`${PREFIX}protocolVersion`]: '2027-01-01' } })],
    ['no capabilities', message({ _meta: { [`${PREFIX}protocolVersion`]: '2026-07-28' } })],
    ['capabilities that are a list', message({ _meta: { ...META, [`${PREFIX}clientCapabilities`]: [] } })],
    [
      'a mode of elicitation with settings',
      message({ _meta: { ...META, [`${PREFIX}clientCapabilities`]: { elicitation: { form: { a: 1 } } } } }),
    ],
    ['a client without a version', message({ _meta: { ...META, [`${PREFIX}clientInfo`]: { name: 'c' } } })],
    ['a level that is none', message({ _meta: { ...META, [`${PREFIX}logLevel`]: 'loud' } })],
    ['a member that the protocol keeps for itself', message({ _meta: { ...META, [`${PREFIX}later`]: 1 } })],
    ['a progress token that is an object', message({ _meta: { ...META, progressToken: {} } })],
    ['answers to questions', message({ inputResponses: {} })],
    ['a state', message({ requestState: 'x' })],
    ['a name that is no text', message({ name: 7 })],
    ['a name of another case in the header', message(), { 'Mcp-Name': 'Add' }],
    ['a name in Base64', message(), { 'Mcp-Name': '=?base64?YWRk?=' }],
    ['a name that looks like Base64', message({ name: '=?base64?YWRk?=' }), { 'Mcp-Name': '=?base64?YWRk?=' }],
    ['a name with a space at its end', message({ name: 'add ' }), { 'Mcp-Name': 'add' }],
    ['another method in the header', message(), { 'Mcp-Method': 'tools/list' }],
    ['another revision in the header', message(), { 'MCP-Protocol-Version': '2025-11-25' }],
    ['another type', message(), { 'Content-Type': 'text/plain' }],
  ])('is not %s', (_what, body, headers) => {
    expect(judged(body, headers)).toBeNull();
  });
});
