/**
 * The `EventSource` of a real browser: logged in by a cookie, cut, served by another instance, cut again by a store that does
 * not answer, and refused for good. And one of a page of another origin.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { findProgram } from '../../infra/local/programs.ts';
import { createKeyIdentifier } from '../../src/auth/keys/identifier.ts';
import { createKey } from '../../src/auth/keys/manage.ts';
import { TidegateError } from '../../src/base/errors.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createHost, type Host, type HostOptions } from '../../src/host.ts';
import { createAuthenticate } from '../../src/http/authenticate.ts';
import { createChallenges } from '../../src/http/challenge.ts';
import { defineApp, stream } from '../../src/index.ts';
import { nodeListener } from '../../src/node.ts';
import { commitSurely } from '../../src/store/commit.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { loggedEvent, streamLog } from '../../src/streams/log/stream-log.ts';
import { temporaryFolder } from '../hosts/child.ts';
import { listen } from './listen.ts';

const CHROMIUM = findProgram('chromium');
const runtime = systemRuntime(() => {});
const app = defineApp({
  name: 'paged',
  version: '1',
  description: 'Has a page',
  streams: { files: stream({ description: 'Files', schema: z.object({ n: z.number() }), key: 'n' }) },
});

/** With this event the page logs out. */
const LAST = 6;

/** A page that tells the test whatever its `EventSource` tells it. */
const PAGE = (first: string, url: string) => `<!doctype html><meta charset="utf-8"><script type="module">
const say = (found) => fetch('/said', { method: 'POST', body: JSON.stringify(found) });
${first}
const source = new EventSource(${JSON.stringify(url)});
source.onopen = () => say('open');
source.onmessage = async ({ data }) => {
  const { n } = JSON.parse(data).data.data;
  if (n === ${LAST}) await fetch('/logout', { method: 'POST' });
  await say(n);
};
source.onerror = () => say(source.readyState === EventSource.CLOSED ? 'closed' : 'away');
</script>`;

function open(url: string): void {
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-dev-shm-usage'];
  const child = spawn(CHROMIUM ?? '', [...flags, `--user-data-dir=${temporaryFolder()}`, url], {
    stdio: 'ignore',
    detached: true,
  });
  onTestFinished(async () => {
    if (child.pid === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    process.kill(-child.pid, 'SIGKILL');
    await ended;
  });
}

/** Serves a page and takes what it says; all else goes on. */
function withPage(page: () => string, said: unknown[], rest: RequestListener): RequestListener {
  return (incoming, outgoing) => {
    if (incoming.url === '/page') return outgoing.setHeader('Content-Type', 'text/html').end(page());
    if (incoming.url !== '/said') return rest(incoming, outgoing);
    let body = '';
    incoming.on('data', (chunk: Buffer) => void (body += chunk.toString()));
    incoming.on('end', () => {
      said.push(JSON.parse(body));
      outgoing.end();
    });
  };
}

function instances(given: Partial<HostOptions>) {
  const inner = createMemoryStore();
  const state = { isGone: false };
  // It is not there for the streams alone, so that who calls is still known.
  const store: Store = {
    ...inner,
    read: async (...asked) => {
      if (state.isGone) throw new TidegateError('store_unavailable', 'gone');
      return inner.read(...asked);
    },
  };
  const hosts = [1, 2].map(() => createHost({ app, store, runtime, host: '127.0.0.1', ...given }));
  onTestFinished(async () => void (await Promise.all(hosts.map((host) => host.close()))));
  let serving = hosts[0] as Host;
  const [streams, seen]: [Set<ServerResponse>, (string | undefined)[]] = [new Set(), []];
  const listener: RequestListener = (incoming: IncomingMessage, outgoing) => {
    if (incoming.url?.startsWith('/streams') === true) {
      streams.add(outgoing);
      seen.push(incoming.headers['last-event-id'] as string | undefined);
      outgoing.once('close', () => streams.delete(outgoing));
    }
    void nodeListener(serving)(incoming, outgoing);
  };
  return {
    store,
    state,
    listener,
    seen,
    /** Breaks the connections of all streams off, as a network does. */
    cut: () => streams.forEach((each) => each.destroy()),
    use: (index: 0 | 1) => void (serving = hosts[index] as Host),
    async append(...numbers: number[]) {
      const entries = numbers.map((n) => ({ id: `e${n}`, key: `${n}`, time: Date.now(), data: { n } }));
      const log = streamLog('public', 'files');
      await commitSurely(runtime, inner, [loggedEvent.append(log, entries)], Date.now() + 5_000);
    },
    close: () => hosts[0]?.close(),
  };
}

const within = { timeout: 20_000, interval: 50 };
const numbers = (said: readonly unknown[]) => said.filter((each) => typeof each === 'number');

test.skipIf(CHROMIUM === null)(
  'a page of the server hears every event once, over cuts, another instance and an outage, until it logs out (needs chromium)',
  { timeout: 120_000 },
  async () => {
    const keys = { store: createMemoryStore(), runtime };
    const { text: key } = await createKey(keys, {
      name: 'ann',
      tenant: 'acme',
      scopes: ['streams:read'],
      expiresAt: null,
    });
    const challenges = createChallenges();
    const stage = instances({
      secrets: { current: 'a secret of a test, which guards nothing', previous: null },
      authenticate: createAuthenticate([createKeyIdentifier(keys, { environmentKey: null })], challenges, runtime),
      challenges,
      tenants: () => ['acme'],
    });
    const said: unknown[] = [];
    const login = `await fetch('/login', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: ${JSON.stringify(JSON.stringify({ credential: key }))} });`;
    const port = await listen(withPage(() => PAGE(login, '/streams/files/events'), said, stage.listener));
    open(`http://127.0.0.1:${port}/page`);
    await expect.poll(() => said, within).toEqual(['open']);
    await stage.append(1, 2);
    await expect.poll(() => numbers(said), within).toEqual([1, 2]);
    // Another instance goes on where the first one ended; what came meanwhile is told.
    stage.use(1);
    stage.cut();
    await stage.append(3);
    await expect.poll(() => numbers(said), within).toEqual([1, 2, 3]);
    expect(said.slice(-3)).toEqual(['away', 'open', 3]);
    expect(stage.seen.at(-1)).toMatch(/^p/);
    stage.use(0);
    await stage.append(4);
    await expect.poll(() => numbers(said), within).toEqual([1, 2, 3, 4]);
    // It comes back until the store answers; after a 503 it would not.
    stage.state.isGone = true;
    stage.cut();
    const before = stage.seen.length;
    await expect.poll(() => stage.seen.length, within).toBeGreaterThan(before + 1);
    stage.state.isGone = false;
    await stage.append(5);
    await expect.poll(() => numbers(said), within).toEqual([1, 2, 3, 4, 5]);
    expect(said).not.toContain('closed');
    await stage.append(LAST);
    await expect.poll(() => numbers(said), within).toEqual([1, 2, 3, 4, 5, LAST]);
    stage.cut();
    await expect.poll(() => said.at(-1), within).toBe('closed');
  },
);

test.skipIf(CHROMIUM === null)(
  'a page of another origin hears where its origin is allowed, and goes on after a cut (needs chromium)',
  { timeout: 60_000 },
  async () => {
    const ports = { own: 0, page: 0 };
    const said: unknown[] = [];
    const page = () => PAGE('', `http://127.0.0.1:${ports.own}/streams/files/events?keys=1,3`);
    ports.page = await listen(withPage(page, said, (_, outgoing) => void outgoing.writeHead(404).end()));
    const stage = instances({ isOpen: true, host: '0.0.0.0', allowedOrigins: [`http://localhost:${ports.page}`] });
    ports.own = await listen(stage.listener);
    open(`http://localhost:${ports.page}/page`);
    await expect.poll(() => said, within).toEqual(['open']);
    await stage.append(1, 2);
    await expect.poll(() => numbers(said), within).toEqual([1]);
    stage.cut();
    await stage.append(3);
    await expect.poll(() => numbers(said), within).toEqual([1, 3]);
    const refused: unknown[] = [];
    const elsewhere = await listen(withPage(page, refused, (_, outgoing) => void outgoing.writeHead(404).end()));
    open(`http://localhost:${elsewhere}/page`);
    await expect.poll(() => refused, within).toEqual(['closed']);
  },
);
