/**
 * The frame of every host: the HTTP app over the MCP endpoint, beside what works on a schedule and on a queue. It knows
 * neither the registry nor the SDK nor the workers; whoever makes a host passes them in, at once or when first needed.
 */
import type { App } from '../declare/app.ts';
import { checkSecretsSet, openFeedSecrets } from '../declare/check/open-secrets.ts';
import type { AppChanges } from '../declare/context.ts';
import { createApp } from '../http/app.ts';
import type { HttpAppOptions } from '../http/app-options.ts';
import type { Edge } from '../http/edge.ts';
import { mountEvents } from '../http/events/paths.ts';
import { pushKeys, pushTokens } from '../http/push-secrets.ts';
import { aboutOf } from '../mcp/registry/about.ts';
import { eventsCapability, offersEvents } from '../mcp/events/capability.ts';
import { TASKS } from '../mcp/tasks/capability.ts';
import { createMcpEndpoint, type McpEndpointDeps } from '../mcp/serve/endpoint.ts';
import { createAppChanges } from '../streams/app-changes.ts';
import type { Deps } from '../streams/deps.ts';
import type { TaskDeps } from '../tasks/records/find-task.ts';
import type { TaskBatch, TaskQueue } from './queue.ts';
import type { ScheduledReport } from './scheduled.ts';
import { meetingTenants } from './meet-tenants.ts';
import type { LoadOperators } from '../mcp/operators.ts';
import type { ServingOptions } from './serving.ts';

/** What an app needs to be served, and how. App, store and runtime are all that is required. */
export interface HostOptions
  extends
    Deps,
    Pick<TaskDeps, 'waiting'>,
    Partial<Omit<HttpAppOptions, 'pushTokens' | 'pushKeys' | 'mount'>>,
    ServingOptions {
  /** Where `queue` sends a task that goes on later. Default: nowhere; `scheduled` finds it. */
  taskQueue?: TaskQueue | null;
  /**
   * How many requests to the store feeds may make in a day (UTC), when `scheduled` pulls them: after them they stand still,
   * and agents go on. Default null: as many as they need.
   */
  feedRequestsPerDay?: number | null;
  /**
   * Whether feeds that listen keep their connections here. False: each burst ends its connection, and what a feed loses
   * between two bursts is told at the start and in the texts of its streams. Default false.
   */
  holds?: boolean;
  /** Whether event sources hand over here what feeds of theirs bring. Default false. */
  hands?: boolean;
  /**
   * Loads the tools of operators (`src/operate`), which are listed to callers to whom the scope `admin` was given by name. Default:
   * none, as the bundle of a Worker has no room for them; `tidegate start` and the package's Lambda have them.
   */
  operators?: LoadOperators;
  /**
   * Whether each request writes its own entries of the audit log, because on the platform a request must not wait for what
   * another one began. Default: where `outlivesClients` is false.
   */
  auditApart?: boolean;
}

/** Who calls an app, whose work is scheduled, and what of MCP is added: every platform takes these options. */
export type CallerOptions = Pick<HostOptions, 'authenticate' | 'tenants' | 'extensions' | 'operators' | 'observe'>;

/** An app, its store and its runtime as one thing that a platform calls. It keeps no state between two calls. */
export interface Host {
  /**
   * Answers one HTTP request: MCP, the documents by which it is found, pushes, health. Never rejects for what a client sent.
   * `edge` is what the platform hands over beside it.
   */
  fetch: (request: Request, edge?: Edge) => Response | Promise<Response>;
  /**
   * Pulls what is due, works on tasks that are due and keeps retention, until `deadline` (epoch ms) at the latest. A call
   * that is missed, doubled or overlaps another harms nothing. Rejects only where the workers cannot be loaded.
   */
  scheduled: (deadline: number) => Promise<ScheduledReport>;
  /** Works on the tasks that a batch of the queue names, until `deadline` (epoch ms). Each message is acknowledged or sent back. */
  queue: (batch: TaskBatch, deadline: number) => Promise<void>;
  /**
   * Tells clients that listen, from outside of a handler, that something changed, as the context of a handler does: for a webhook
   * of the server's own, or a deploy. Each call is one commit, of 10 s at most.
   * @param tenant whose clients are told: `public` where nobody asks who calls; null: those of every tenant
   */
  changes: (tenant: string | null) => AppChanges;
  /** Ends the exchanges that are under way. Store and workers stay whose they are. */
  close: () => Promise<void>;
}

/**
 * The same options, with the environment in the runtime, where feeds look for their secrets.
 * @throws TidegateError `invalid_config` naming all variables of the app's own that are not set
 */
export function withVariables<Options extends HostOptions>(options: Options): Options {
  const { app, variable, runtime, authenticate } = options;
  checkSecretsSet(app, variable ?? runtime.variable);
  const { isOpen = authenticate === undefined } = options;
  const noted = options.noted ?? new Map<string, number>();
  return { ...options, isOpen, noted, runtime: variable === undefined ? runtime : { ...runtime, variable } };
}

/** How long a call may take that tells of a change, ms. */
const CHANGE_MS = 10_000;

/** What works without a request. */
export type HostWork = Pick<Host, 'scheduled' | 'queue'>;

interface HostParts {
  serving: McpEndpointDeps['serving'];
  /** Called once per `scheduled` and `queue`. */
  work: () => HostWork | Promise<HostWork>;
}

/** @throws TidegateError `invalid_config` for a token of a push or a secret of a feed that is not set. */
export function createHttpHost(given: HostOptions, { serving, work }: HostParts): Host {
  const options = meetingTenants(given);
  const { app, runtime, host = null, extensions = [] } = options;
  const publicUrl = options.publicUrl?.replace(/\/+$/, '') ?? null;
  const { variable = () => null } = runtime;
  for (const feed of app.feeds.values()) openFeedSecrets(feed, variable);
  const capabilities = [
    ...(keepsTasks(app) ? [TASKS] : []),
    ...(offersEvents(app) ? [eventsCapability(options.listening != null)] : []),
    ...extensions.flatMap(({ capability }) => capability ?? []),
  ];
  const about = aboutOf(app, capabilities, options.listening != null);
  const mcp = createMcpEndpoint({
    about,
    async aboutPart({ scopes }) {
      const { grantedTo } = await import('../calls/granted.ts');
      return { ...about, instructions: aboutOf(grantedTo(app, scopes).app, []).instructions };
    },
    knowsCallers: options.authenticate !== undefined,
    serving,
    sessions: options.secrets != null,
  });
  const pushes = { pushTokens: pushTokens(app, variable), pushKeys: pushKeys(app, variable) };
  const closed = new AbortController();
  const { listening: bounds = null, watch } = options;
  const mount: HttpAppOptions['mount'] = (http, parts) =>
    mountEvents(http, options, { ...parts, bounds, watch, closed: closed.signal });
  const own = { ...pushes, publicUrl, host, mount };
  const http = createApp({ ...options, mcp }, { ...options, ...own });
  return {
    changes: (tenant) => createAppChanges(options, tenant, () => runtime.now() + CHANGE_MS),
    fetch: (request, edge) => http.fetch(request, { edge }),
    scheduled: async (deadline) => (await work()).scheduled(deadline),
    queue: async (batch, deadline) => (await work()).queue(batch, deadline),
    close() {
      closed.abort();
      return mcp.close();
    },
  };
}

/** Its own, or those that every app with streams has. Read from the declaration, so that nothing of tasks is loaded to say it. */
function keepsTasks({ tasks, streams }: App): boolean {
  return tasks.size + streams.size > 0;
}
