/** How a process that serves ends after SIGTERM: what is under way is answered, what waits answers early, nothing is left held. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { feedKey } from '../../../src/feeds/records/state.ts';
import { createSqliteStore } from '../../../src/store/sqlite/store.ts';
import { TASK_QUEUE } from '../../../src/tasks/records/names.ts';
import { type Child, runCli, temporaryFolder } from '../child.ts';
import { compiled } from '../../services/compiled.ts';

const APP = join(import.meta.dirname, 'ending-app.ts');

interface Started extends Child {
  at: string;
  file: string;
  /** The answer to a call of a tool, of 2025-11-25. */
  call(name: string, args: object, params?: object): Promise<Response>;
  term(): Promise<void>;
}

async function started(variables: Record<string, string> = {}): Promise<Started> {
  const file = join(temporaryFolder(), 'ending.db');
  const child = runCli(['start', '--app', APP], { SQLITE_PATH: file, PUSH_TOKEN: 'x'.repeat(40), ...variables });
  const at = await child.url();
  const call = (name: string, args: object, params: object = {}) =>
    fetch(`${at}/mcp`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name, arguments: args, ...params },
      }),
    });
  return {
    ...child,
    at,
    file,
    call,
    /** Resolves when it has heard the signal. */
    async term() {
      child.kill('SIGTERM');
      await expect.poll(() => child.stdout(), { interval: 5 }).toContain('Ending');
    },
  };
}

async function textOf(answer: Response | Promise<Response>): Promise<string> {
  const { result } = (await (await answer).json()) as { result: { content: { text: string }[] } };
  return result.content.map(({ text }) => text).join('\n');
}

/** A connection on which requests are written as they are told, and all that came back. */
async function rawConnection(at: string) {
  const { hostname, port } = new URL(at);
  const socket = connect(Number(port), hostname);
  let got = '';
  let isOver = false;
  socket.on('data', (chunk) => (got += chunk.toString()));
  socket.on('close', () => (isOver = true));
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  return {
    get: (path: string) => socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`),
    post(name: string, args: object) {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } });
      const head = `POST /mcp HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\n`;
      socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    },
    got: () => got,
    isOver: () => isOver,
  };
}

describe('SIGTERM', { timeout: 30_000 }, () => {
  test('what is under way is answered, with Connection: close, and the process ends with 0', async () => {
    const server = await started();
    const connection = await rawConnection(server.at);
    connection.get('/healthz');
    await expect.poll(connection.got).toContain('ok');
    expect(connection.got()).not.toMatch(/connection: close/i);
    const idle = await rawConnection(server.at);
    idle.get('/healthz');
    const slow = server.call('slow', { ms: 1_200 });
    connection.post('slow', { ms: 1_200 });
    await sleep(400);
    await server.term();
    await expect.poll(idle.isOver).toBe(true);
    expect(connection.isOver()).toBe(false);
    expect(await textOf(slow)).toBe('after 1200 ms');
    await expect.poll(connection.isOver).toBe(true);
    expect(connection.got()).toContain('after 1200 ms');
    expect(connection.got()).toMatch(/connection: close/i);
    expect(await server.ended).toBe(0);
  });

  test('no further connection is taken, and what comes on one that is kept is told that it ends: /readyz says 503', async () => {
    const server = await started();
    const slow = server.call('slow', { ms: 1_500 });
    const opened = await rawConnection(server.at);
    await sleep(400);
    await server.term();
    await expect(fetch(`${server.at}/healthz`)).rejects.toThrow();
    opened.get('/readyz');
    await expect.poll(opened.isOver).toBe(true);
    expect(opened.got()).toMatch(/^HTTP\/1.1 503 /);
    expect(opened.got()).toMatch(/"part":"process"/);
    expect(opened.got()).toMatch(/connection: close/i);
    expect(await textOf(slow)).toBe('after 1500 ms');
    expect(await server.ended).toBe(0);
  });

  test('a tail answers early, with a cursor from which the next one goes on', async () => {
    const server = await started();
    const askedAt = Date.now();
    const answer = server.call('tail_stream', { stream: 'readings', seconds: 20 });
    await sleep(400);
    await server.term();
    const { result } = (await (await answer).json()) as { result: { structuredContent: Record<string, unknown> } };
    expect(Date.now() - askedAt).toBeLessThan(5_000);
    expect(result.structuredContent).toMatchObject({ events: [], ended: 'time', cursor: expect.any(String) as string });
    expect(await server.ended).toBe(0);
  });

  test('who waits for a task that cannot end here is told to call again, and the task goes on elsewhere', async () => {
    const server = await started();
    const answer = server.call('long', { ms: 30_000 });
    await sleep(600);
    const termAt = Date.now();
    await server.term();
    const said = await (await answer).text();
    expect(Date.now() - termAt).toBeLessThan(5_000);
    expect(said).toMatch(/The server ends/);
    expect(said).toMatch(/again/);
    expect(await server.ended).toBe(0);
    const store = createSqliteStore({ path: server.file });
    const due = await store.due(TASK_QUEUE, { now: Date.now(), limit: 10, from: 0 });
    await store.close();
    expect(due).toHaveLength(1);
  });

  test('a feed gives its lease back', async () => {
    const server = await started();
    await sleep(800);
    await server.term();
    expect(await server.ended).toBe(0);
    const store = createSqliteStore({ path: server.file });
    const { value } = await store.get(feedKey('public', 'polled'), Date.now());
    await store.close();
    expect(value).toMatchObject({ lease: null });
  });

  test('a handler that heeds its signal is told in time to answer, and one that does not is answered for it', async () => {
    const server = await started({ SHUTDOWN_MS: '1000' });
    const heeding = server.call('heeding', { ms: 20_000 });
    const deaf = server.call('slow', { ms: 20_000 });
    await sleep(400);
    const termAt = Date.now();
    await server.term();
    expect(await textOf(heeding)).toMatch(/The server ends/);
    const cut = await deaf;
    expect(cut.status).toBe(503);
    expect(cut.headers.get('retry-after')).toBe('1');
    expect(await cut.json()).toMatchObject({ error: { message: expect.stringMatching(/The server ends/) as string } });
    expect(await server.ended).toBe(0);
    expect(Date.now() - termAt).toBeLessThan(10_000);
  });

  test('a stream is cut with retry', async () => {
    const server = await started({ SHUTDOWN_MS: '1000' });
    const answer = await server.call('telling', { ms: 20_000 }, { _meta: { progressToken: 1 } });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    await server.term();
    const said = await answer.text();
    expect(said).toContain('notifications/progress');
    expect(said).toMatch(/\nretry: \d+\n\n$/);
    expect(await server.ended).toBe(0);
  });

  test('a second signal ends the process at once', async () => {
    const server = await started();
    server.call('slow', { ms: 20_000 }).catch(() => {});
    await sleep(400);
    await server.term();
    server.kill('SIGTERM');
    expect(await server.ended).toBe('SIGTERM');
  });

  test.skipIf(process.platform === 'win32')('to npm, which ends its shell alone, ends what runs in there', async () => {
    const cli = join(import.meta.dirname, '../../../src/hosts/cli/cli.ts');
    const shell = spawn('sh', ['-c', `"${process.execPath}" "${cli}" start --app "${APP}"; true`], {
      env: {
        PATH: process.env['PATH'],
        ...compiled(),
        PORT: '0',
        STORE: 'memory',
        PUSH_TOKEN: 'x'.repeat(40),
        npm_lifecycle_event: 'start',
      },
      detached: true,
    });
    // What is left of them ends with the test.
    onTestFinished(() => {
      try {
        process.kill(-(shell.pid ?? 0), 'SIGKILL');
      } catch {
        // Nothing is.
      }
    });
    const closed = once(shell.stdout, 'close');
    let said = '';
    shell.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await expect.poll(() => said, { timeout: 20_000 }).toMatch(/serves MCP at/);
    shell.kill('SIGTERM');
    await closed;
    expect(said).toContain('Ending');
  });

  test('SHUTDOWN_MS is checked', async () => {
    const child = runCli(['start', '--app', APP], { PUSH_TOKEN: 'x'.repeat(40), STORE: 'memory', SHUTDOWN_MS: 'soon' });
    expect(await child.ended).toBe(1);
    expect(child.stderr()).toMatch(/SHUTDOWN_MS: expected whole milliseconds/);
  });
});
