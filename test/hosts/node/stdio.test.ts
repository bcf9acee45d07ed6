/** `tidegate stdio` as a process that is spoken to by hand: standard output is MCP and nothing else, whatever comes in. */
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { nodePipe } from '../../../src/hosts/node/pipe.ts';
import { type Child, runCli, temporaryFolder } from '../child.ts';

interface Message {
  jsonrpc: '2.0';
  id?: number | null;
  result?: {
    tools?: { name: string }[];
    protocolVersion?: string;
    requestState?: string;
    content?: object[];
    isError?: boolean;
  };
  error?: { code: number };
}

/** Every line that it wrote; a line that is no JSON fails the test. */
function messages(child: Child): Message[] {
  const lines = child.stdout().split('\n');
  expect(lines.pop(), 'a whole line').toBe('');
  return lines.map((line) => JSON.parse(line) as Message);
}

function answerTo(child: Child, id: number): Promise<Message> {
  const find = () => (child.stdout().endsWith('\n') ? messages(child).find((message) => message.id === id) : undefined);
  return expect
    .poll(find, { timeout: 10_000 })
    .toBeDefined()
    .then(() => find() as Message);
}

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '0' } },
};

const ping = (id: number) => ({ jsonrpc: '2.0', id, method: 'ping', params: null });

function started(variables: Record<string, string> = {}): Child {
  return runCli(['stdio'], { SQLITE_PATH: join(temporaryFolder(), 't.db'), LOG_LEVEL: 'debug', ...variables });
}

describe('tidegate stdio', { timeout: 30_000 }, () => {
  test('2026-07-28 authorization, 2025-11-25 authorization "Protocol Requirements": over standard input and output nobody is asked for a token, whatever AUTH says', async () => {
    const child = started({ AUTH: 'oauth', OAUTH_ISSUER: 'https://issuer.example' });
    child.write(`${JSON.stringify(INITIALIZE)}\n`);
    expect((await answerTo(child, 1)).result?.protocolVersion).toBe('2025-11-25');
    child.hangUp();
    expect(await child.ended).toBe(0);
  });

  test('writes nothing but MCP to standard output, also where it has much to log', async () => {
    const child = started();
    child.write(`${JSON.stringify(INITIALIZE)}\n`);
    expect((await answerTo(child, 1)).result?.protocolVersion).toBe('2025-11-25');
    child.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
    child.write('{"jsonrpc":"2.0","id":2,"method":"tools/list"}\n');
    expect((await answerTo(child, 2)).result?.tools?.map(({ name }) => name)).toContain('list_streams');
    // Without a network the feed fails, and the log says so: on standard error.
    await expect.poll(() => child.stderr(), { timeout: 10_000 }).toMatch(/"warn".*cannot be resolved/);
    const call = { name: 'read_latest', arguments: { stream: 'quakes' } };
    child.write(`${JSON.stringify({ jsonrpc: '2.0', id: 3, method: 'tools/call', params: call })}\n`);
    await answerTo(child, 3);
    const line =
      /"message":"request","mcp":"tools\/call","name":"read_latest","ms":\d+,"storeCalls":\{"getMany":1,"extent":1\}\}/;
    await expect.poll(() => child.stderr()).toMatch(line);
    expect(messages(child).every(({ jsonrpc }) => jsonrpc === '2.0')).toBe(true);
    child.hangUp();
    expect(await child.ended).toBe(0);
  });

  test('has nothing on standard output of what its app prints, while it is loaded and in calls', async () => {
    const child = runCli(['stdio', '--app', join(import.meta.dirname, 'noisy-app.ts')], { STORE: 'memory' });
    child.write(`${JSON.stringify(INITIALIZE)}\n`);
    await answerTo(child, 1);
    for (const id of [2, 3]) {
      child.write(`${JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'print' } })}\n`);
      expect((await answerTo(child, id)).result?.content).toEqual([{ type: 'text', text: 'printed' }]);
    }
    child.hangUp();
    expect(await child.ended).toBe(0);
    expect(messages(child).map(({ id }) => id)).toEqual([1, 2, 3]);
    for (const said of [
      'log of the module',
      'written by the module',
      'log of the call',
      'written by the call',
      'end by',
    ]) {
      expect(child.stderr()).toContain(said);
    }
  });

  test.each([
    ['text', 'hello\n'],
    ['half a message', '{"jsonrpc":"2.0","id":9,\n'],
    ['JSON that is no message', '42\nnull\n[]\n{}\n"x"\n{"id":9}\n'],
    ['bytes that are no text', '\u0000\u0001\ufffd\n'],
    ['empty lines', '\n\r\n\n'],
    ['an answer that nobody asked for', '{"jsonrpc":"2.0","id":77,"result":{}}\n'],
    ['a long line', `${'x'.repeat(1_000_000)}\n`],
  ])('goes on after garbage: %s', async (_what, garbage) => {
    const child = started({ LOG_LEVEL: 'error' });
    child.write(garbage);
    child.write(`${JSON.stringify(INITIALIZE)}\n`);
    expect((await answerTo(child, 1)).result?.protocolVersion).toBe('2025-11-25');
    for (const { error, id } of messages(child)) if (id !== 1) expect(error?.code).toBeLessThan(0);
    child.hangUp();
    expect(await child.ended).toBe(0);
    expect(child.stderr()).not.toMatch(/^ +at /m);
  });

  test('keeps numbers beyond 2^53 as their digits, as HTTP does, in whatever pieces they come', async () => {
    const child = runCli(['stdio', '--app', join(import.meta.dirname, 'echo-app.ts')], {
      SQLITE_PATH: join(temporaryFolder(), 't.db'),
    });
    child.write(`${JSON.stringify(INITIALIZE)}\n{"jsonrpc":"2.0","method":"notifications/initia`);
    await answerTo(child, 1);
    const call = '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"id":';
    child.write(`lized"}\n${call}9007199254740993,"text":"ü"}}}\r\n`);
    const { result } = await answerTo(child, 2);
    expect(result?.content).toEqual([{ type: 'text', text: '9007199254740993 ü' }]);
  });

  test.each([
    ['no JSON', 'hello', -32_700, null],
    ['half a message', '{"jsonrpc":"2.0","id":9,', -32_700, null],
    ['nesting without end', '['.repeat(300), -32_700, null],
    ['a text', '"x"', -32_600, null],
    ['an empty batch', '[]', -32_600, null],
    ['no method', '{"jsonrpc":"2.0","id":9}', -32_600, 9],
    ['a method that is no text', '{"jsonrpc":"2.0","id":"a","method":1}', -32_600, 'a'],
    ['parameters that are a text', '{"jsonrpc":"2.0","id":9,"method":"ping","params":"x"}', -32_600, 9],
    ['no version of JSON-RPC', '{"id":9,"method":"ping"}', -32_600, 9],
    ['an id that is null', '{"jsonrpc":"2.0","id":null,"method":"ping"}', -32_600, null],
    ['an id that a double cannot hold', '{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}', -32_600, null],
    ['a line beyond all bounds', `"${'x'.repeat(10_485_760)}"`, -32_600, null],
    ['another charset than UTF-8', Buffer.from('{"jsonrpc":"2.0","id":9,"method":"caf\xe9"}', 'latin1'), -32_700, null],
    ['half a character', Buffer.from('"é"').subarray(0, 2), -32_700, null],
  ])('answers what is no message, and logs it: %s', async (_what, line, code, id) => {
    const child = started({ LOG_LEVEL: 'warn' });
    child.write(line);
    child.write('\n');
    await expect.poll(() => child.stdout(), { timeout: 10_000 }).toContain('\n');
    expect(messages(child)).toMatchObject([{ id, error: { code } }]);
    expect(child.stderr()).toContain('stdio: a message is refused');
    child.write(`${JSON.stringify(INITIALIZE)}\n`);
    expect((await answerTo(child, 1)).result?.protocolVersion).toBe('2025-11-25');
  });

  test('answers no answer, however wrong it is, and reads a message behind a byte order mark', async () => {
    const child = started({ LOG_LEVEL: 'warn' });
    child.write('{"id":null,"error":{"code":-32700,"message":"Parse error"}}\n{"id":3,"result":5}\n');
    child.write(`\ufeff${JSON.stringify(INITIALIZE)}\r\n`);
    expect((await answerTo(child, 1)).result?.protocolVersion).toBe('2025-11-25');
    expect(messages(child)).toHaveLength(1);
    expect(child.stderr()).toContain('stdio: a message is refused');
  });

  test('answers a batch as one list, and what is wrong in it too', async () => {
    const child = started();
    child.write(`${JSON.stringify(INITIALIZE)}\n`);
    await answerTo(child, 1);
    child.write(`${JSON.stringify([ping(2), { ...INITIALIZE, id: 3 }, { id: 4 }, ping(5)])}\n`);
    child.write(`${JSON.stringify(ping(6))}\n`);
    await answerTo(child, 6);
    const list = messages(child).find((message) => Array.isArray(message)) as unknown as Message[];
    const byId = new Map(list.map(({ id, result, error }) => [id, error?.code ?? result]));
    expect(byId).toEqual(
      new Map<unknown, unknown>([
        [2, {}],
        [3, -32_600],
        [4, -32_600],
        [5, {}],
      ]),
    );
  });

  test('asks, and another process on the same file goes on with the answer', async () => {
    const SQLITE_PATH = join(temporaryFolder(), 't.db');
    const call = async (more: object) => {
      const child = runCli(['stdio', '--app', join(import.meta.dirname, '../../examples/valves/app.ts')], {
        SQLITE_PATH,
      });
      const version = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
      const meta = { ...version, 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } };
      const params = { name: 'open_valve', arguments: { valve: 'V3' }, ...more, _meta: meta };
      child.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })}\n`);
      const { result } = await answerTo(child, 1);
      child.hangUp();
      expect(await child.ended).toBe(0);
      return result;
    };
    const asked = await call({});
    const inputResponses = { opening: { action: 'accept', content: { percent: 7 } } };
    const answered = await call({ inputResponses, requestState: asked?.requestState });
    expect(answered?.content).toEqual([{ type: 'text', text: 'Valve V3 is open at 7 %.' }]);
  });

  test('ends with status 0 when its client hangs up before it said a word, and when it is told to', async () => {
    const [left, told] = [started(), started()];
    left.hangUp();
    expect(await left.ended).toBe(0);
    told.write(`${JSON.stringify(INITIALIZE)}\n`);
    await answerTo(told, 1);
    told.kill('SIGTERM');
    expect(await told.ended).toBe(0);
  });

  test('answers what came before its client stopped to write, as from `echo … | tidegate stdio`', async () => {
    const child = runCli(['stdio', '--app', join(import.meta.dirname, 'ending-app.ts')], {
      PUSH_TOKEN: 'x'.repeat(40),
      STORE: 'memory',
    });
    const call = { name: 'slow', arguments: { ms: 500 } };
    child.write(`${JSON.stringify(INITIALIZE)}\n${JSON.stringify(ping(2))}\n`);
    child.write(`${JSON.stringify({ jsonrpc: '2.0', id: 3, method: 'tools/call', params: call })}\n`);
    child.hangUp();
    expect(await child.ended).toBe(0);
    expect(messages(child).map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(child.stdout()).toContain('after 500 ms');
  });

  test('answers a last line without a line break, and ends without a word of the store', async () => {
    const child = started({ LOG_LEVEL: 'warn' });
    child.write(`${JSON.stringify(INITIALIZE)}\n${JSON.stringify(ping(2))}`);
    child.hangUp();
    expect(await child.ended).toBe(0);
    expect(messages(child).map(({ id }) => id)).toEqual([1, 2]);
    expect(child.stderr()).not.toContain('cannot be used');
  });

  test('a client that reads no more has gone, though its end of the input is still open', async () => {
    const output = new Writable({ write: (_bytes, _encoding, done) => done(new Error('EPIPE')) });
    const pipe = nodePipe(new PassThrough(), output);
    let endings = 0;
    pipe.open(
      () => {},
      () => (endings += 1),
      () => {},
    );
    await expect(pipe.write('x')).rejects.toThrow('EPIPE');
    await pipe.ended;
    expect(endings).toBe(1);
  });

  test('the end of the input leaves no request without an answer: one that lasts is cut off, one that asks ends at once', async () => {
    const child = runCli(['stdio', '--app', join(import.meta.dirname, 'ending-app.ts')], {
      PUSH_TOKEN: 'x'.repeat(40),
      STORE: 'memory',
      SHUTDOWN_MS: '300',
    });
    const params = { ...INITIALIZE.params, capabilities: { elicitation: {} } };
    child.write(`${JSON.stringify({ ...INITIALIZE, params })}\n`);
    await answerTo(child, 1);
    const call = (id: number, name: string) =>
      child.write(
        `${JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: { ms: 60_000 } } })}\n`,
      );
    call(2, 'slow');
    call(3, 'asking');
    await expect.poll(() => child.stdout()).toContain('elicitation/create');
    child.hangUp();
    expect(await child.ended).toBe(0);
    const answers = messages(child).filter((message) => !('method' in message));
    expect(answers.map(({ id, error, result }) => [id, error?.code, result?.isError])).toEqual([
      [1, undefined, undefined],
      [3, undefined, true],
      [2, -32_603, undefined],
    ]);
    expect(messages(child).at(-1)?.id).toBe(2);
    expect(child.stderr()).toContain('the server ends');
  });

  test('answers what is under way when it is told to end: a tail at once, with its cursor', async () => {
    const child = runCli(['stdio', '--app', join(import.meta.dirname, 'ending-app.ts')], {
      PUSH_TOKEN: 'x'.repeat(40),
      STORE: 'memory',
    });
    child.write(`${JSON.stringify(INITIALIZE)}\n`);
    await answerTo(child, 1);
    const call = (id: number, name: string, args: object) =>
      child.write(
        `${JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } })}\n`,
      );
    call(2, 'tail_stream', { stream: 'readings', seconds: 20 });
    call(3, 'slow', { ms: 1_000 });
    call(4, 'slow', { ms: 60_000 });
    child.write('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":4}}\n');
    child.write(`${JSON.stringify(ping(5))}\n`);
    await answerTo(child, 5);
    const askedAt = Date.now();
    child.kill('SIGTERM');
    expect(await child.ended).toBe(0);
    expect(Date.now() - askedAt).toBeLessThan(8_000);
    expect(JSON.stringify(messages(child).find(({ id }) => id === 2))).toContain('"ended":"time"');
    expect(JSON.stringify(messages(child).find(({ id }) => id === 3))).toContain('after 1000 ms');
  });
});
