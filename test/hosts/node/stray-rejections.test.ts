/** Promises that an app left alone, in a process of its own: this one has listeners of the test runner. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../child.ts';

const SOURCE = join(import.meta.dirname, '../../../src');

function linesOf(code: string, env: Record<string, string> = {}): Record<string, unknown>[] {
  const file = join(temporaryFolder(), 'run.ts');
  writeFileSync(file, code);
  const out = execFileSync(process.execPath, [file], { env: { ...process.env, ...env }, encoding: 'utf8' });
  return out.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : []));
}

const path = (file: string) => JSON.stringify(join(SOURCE, file));

test('each is told in the name of the work that began it, also where it goes on later', () => {
  const lines = linesOf(`
import { doNamed, tellStrayRejections } from ${path('hosts/node/process/stray-rejections.ts')};
tellStrayRejections((level, message, fields) => console.log(JSON.stringify({ level, message, ...fields })));
const fail = async (why) => { await new Promise((go) => setImmediate(go)); throw new Error(why); };
doNamed('tool slow', () => void fail('one'));
doNamed('feed rain', () => void Promise.reject(new Error('two')));
void fail('three');
`);
  const told = lines.map(({ of, cause }) => [of, /one|two|three/.exec(String(cause))?.[0]]);
  const expected = [
    ['feed rain', 'two'],
    ['tool slow', 'one'],
    [undefined, 'three'],
  ];
  expect(told).toHaveLength(expected.length);
  expect(told).toEqual(expect.arrayContaining(expected));
  expect(lines.find(({ of }) => of === 'tool slow')?.['message']).toContain('a promise of tool slow was rejected');
});

test('on Lambda it ends no instance, and the tool is named', () => {
  const lines = linesOf(
    `
// As the platform's runtime does before it loads the function.
process.on('unhandledRejection', () => { console.log(JSON.stringify({ message: 'ended' })); process.exit(128); });
const { createLambdaHost } = await import(${path('lambda.ts')});
const { defineApp, tool } = await import(${path('index.ts')});
const app = defineApp({ name: 'stray', version: '1.0.0', description: 'Leaves a promise alone', tools: {
  careless: tool({ description: 'Waits for nothing', run: async () => { void Promise.reject(new Error('no row')); return 'done'; } }),
} });
const host = createLambdaHost(app, { STORE: 'memory', AUTH: 'none', AWS_LAMBDA_RUNTIME_API: '127.0.0.1:1' }, { write: (line) => console.log(line.trim()) });
const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'careless', arguments: {}, _meta: meta } });
const headers = { host: 'a.example', 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'careless' };
const http = { method: 'POST', path: '/mcp', sourceIp: '127.0.0.1' };
const event = { version: '2.0', rawPath: '/mcp', rawQueryString: '', headers, requestContext: { domainName: 'a.example', http }, body, isBase64Encoded: false };
const answer = await host.buffered(event, { awsRequestId: 'r', getRemainingTimeInMillis: () => 20_000 });
await new Promise((go) => setTimeout(go, 20));
console.log(JSON.stringify({ message: 'answered', status: answer.statusCode, body: answer.body }));
process.exit(0);
`,
    { AWS_LAMBDA_RUNTIME_API: '127.0.0.1:1' },
  );
  expect(lines.at(-1)).toMatchObject({
    message: 'answered',
    status: 200,
    body: expect.stringContaining('done') as string,
  });
  expect(lines).toContainEqual(expect.objectContaining({ of: 'tool careless', level: 'error' }));
});
