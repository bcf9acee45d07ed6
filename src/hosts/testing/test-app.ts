/**
 * An app in memory, for tests of that app: its clock stands until the test moves it, its feeds bring what the test hands
 * them, and nothing reaches a network. Everything else is as on a real host, from the JSON-RPC of a call down to the store.
 */
import type { Json } from '../../base/json.ts';
import { TidegateError } from '../../base/errors.ts';
import { PUBLIC, type Principal } from '../../base/principal.ts';
import { type Log, type Runtime, systemRuntime } from '../../base/runtime.ts';
import { isSafeName } from '../../base/safe-name.ts';
import { createAppStreams } from '../../calls/streams.ts';
import type { App } from '../../declare/app.ts';
import type { AppStreams } from '../../declare/app-streams.ts';
import { ingest, type IngestReport } from '../../feeds/run/run.ts';
import { triggerLogs } from '../../triggers/alarms/logs.ts';
import { sweep, type SweepReport } from '../../feeds/run/sweep.ts';
// An HTTP feed loads it when its first burst begins, and the clock would go on meanwhile.
import '../../feeds/http/burst.ts';
import { trustClock } from '../../store/clock-watch.ts';
import { createMemoryStore } from '../../store/drivers/memory.ts';
import type { Store } from '../../store/store.ts';
import { createHost } from '../host.ts';
import type { ScheduledReport } from '../scheduled.ts';
import { createTestClient, type TestClient, type TestTask } from './client.ts';
import { createTestClock } from './clock.ts';
import { type FakeFeed, withFakes } from './fake-feed.ts';

export interface TestAppOptions {
  /** When the clock starts, epoch ms. Default: 2026-01-01T00:00:00Z. */
  at?: number;
  /** Take the place of the feeds that the app declares under these names. */
  feeds?: Readonly<Record<string, FakeFeed>>;
  /** The environment, as the app's secrets name it. Default: nothing is set. */
  environment?: Readonly<Record<string, string>>;
  /** What the app's HTTP feeds, tools and functions reach. Default: every request fails. */
  fetch?: (request: Request) => Response | Promise<Response>;
  /** Who calls. Default: the caller of a server without authentication. */
  principal?: Principal;
  /** Gets each line of the log. Default: nobody does. */
  log?: Log;
  /** Default: a new one in memory. */
  store?: Store;
}

/** What a call of a tool was answered. */
export interface CalledTool {
  /** The texts of its content, a line each. */
  text: string;
  /** Null: there is none. */
  structured: Json;
  isError: boolean;
}

export interface TestApp {
  /** Epoch ms. */
  now: () => number;
  /** Moves the clock. What comes due by it is worked on when the test says so. */
  advance: (ms: number) => Promise<void>;
  /** The streams, as the app's own tools have them: `append`, `latest`, `read`, `history`, … */
  streams: AppStreams;
  /** Calls a tool. Rejects with an error that has a `code` where the call itself is refused. */
  call: (tool: string, input?: Record<string, unknown>) => Promise<CalledTool>;
  /** Begins a task by its tool, and answers it as it stands. */
  begin: (task: string, input?: Record<string, unknown>) => Promise<TestTask>;
  /** A task as it stands. */
  task: (taskId: string) => Promise<TestTask>;
  /** Any request of MCP. */
  request: TestClient['request'];
  /** Any request of HTTP, such as a push to `/ingest/:stream`. */
  fetch: (request: Request) => Promise<Response>;
  /** Pulls the feeds that are due. */
  ingest: () => Promise<IngestReport>;
  /** Keeps retention and brings projections up to date. */
  sweep: () => Promise<SweepReport>;
  /** What a schedule does once a minute: pulls, works on tasks that are due, sweeps. */
  scheduled: () => Promise<ScheduledReport>;
  /** Ends what is under way. */
  close: () => Promise<void>;
}

/** A principal of a test is not escaped, so that handlers and the store see the names that the test reads. */
function checkNames({ tenant, subject }: Principal): void {
  for (const [field, name] of Object.entries({ tenant, subject })) {
    if (isSafeName(name) && !name.includes('%')) continue;
    const expected = '1 to 80 characters of visible ASCII without / and %';
    throw new TidegateError('invalid_input', `principal.${field}: expected ${expected}`, { field, expected });
  }
}

const AT = Date.UTC(2026, 0, 1);
const RUN_MS = 60_000;
const SECRETS = { current: 'a secret of a test, which guards nothing', previous: null };

export function createTestApp(declared: App, options: TestAppOptions = {}): TestApp {
  const { at = AT, feeds = {}, environment = {}, fetch, principal = PUBLIC, log = () => {} } = options;
  checkNames(principal);
  const app = withFakes(declared, feeds);
  const clock = createTestClock(at);
  const runtime: Runtime = {
    ...systemRuntime(log),
    now: () => clock.now(),
    sleep: (ms, signal, isGuard) => clock.sleep(ms, signal, isGuard),
    variable: (name) => environment[name] ?? null,
    // Jitter at its middle.
    random: () => 0.5,
    async fetch(input, init) {
      if (fetch === undefined) throw new TypeError('a test reaches no network: give createTestApp a fetch');
      return fetch(new Request(input, init));
    },
  };
  const store = trustClock(options.store ?? createMemoryStore());
  const deps = { app, store, runtime, tenants: () => [principal.tenant] };
  const host = createHost({
    ...deps,
    ...(options.principal === undefined ? { isOpen: true } : { authenticate: () => principal }),
    secrets: SECRETS,
  });
  const send = (request: Request) => clock.drive(Promise.resolve(host.fetch(request)));
  const answered = async (request: Request) => {
    const response = await host.fetch(request);
    return { status: response.status, text: await response.text() };
  };
  const client = createTestClient((request) => clock.drive(answered(request)));
  const deadline = () => clock.now() + RUN_MS;
  const streams = createAppStreams(deps, principal);

  return {
    now: () => clock.now(),
    advance: (ms) => clock.advance(ms),
    // Removals that meet wait for each other.
    streams: { ...streams, remove: (...args) => clock.drive(streams.remove(...args)) },
    async call(name, input = {}) {
      const {
        content,
        structuredContent = null,
        isError,
      } = await client.request('tools/call', {
        name,
        arguments: input,
      });
      const texts = (content as { text?: string }[]).flatMap(({ text }) => text ?? []);
      return { text: texts.join('\n'), structured: structuredContent, isError: isError === true };
    },
    begin: async (name, input = {}) =>
      (await client.request('tools/call', { name, arguments: input }, { tasks: true })) as TestTask,
    task: async (taskId) => (await client.request('tasks/get', { taskId }, { tasks: true })) as TestTask,
    request: (...args) => client.request(...args),
    fetch: send,
    ingest: () => clock.drive(ingest(deps, deadline())),
    sweep: () => clock.drive(sweep(deps, deadline(), { logs: (of) => triggerLogs(app, of) })),
    scheduled: () => clock.drive(host.scheduled(deadline())),
    close: () => host.close(),
  };
}
