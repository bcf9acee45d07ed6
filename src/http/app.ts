/**
 * The HTTP app, the same on every platform: the MCP endpoint, the documents by which clients find it, pushes, and
 * health. It maps paths to routes and does nothing else; what serves MCP is passed in.
 */
import { Hono } from 'hono';
import { asTidegateError, isOfStore, TidegateError } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import type { Deps } from '../streams/deps.ts';
import { openAccount } from '../store/counting.ts';
import { createOutages } from '../store/outages.ts';
import type { HttpApp, HttpAppOptions, RouteParts } from './app-options.ts';
import {
  type Authenticate,
  openToEveryone,
  orByCookie,
  withRefusalsNoted,
  withSafeNames,
  withTimeLimit,
} from './authenticate.ts';
import { createBodies } from './bodies/bodies.ts';
import { createChallenges } from './challenge.ts';
import { withStreamBounds } from './bounded-serving.ts';
import { createCors } from './cors.ts';
import { discoveryDocuments } from './documents/discovery.ts';
import { documentPreflight } from './documents/documents.ts';
import { edgeOf, REQUESTS } from './edge.ts';
import { refusedForNow } from './mcp-refusals.ts';
import type { McpServing } from '../calls/events/mcp-serving.ts';
import { createMcpRoute } from './mcp-route.ts';
import { createOriginGuard } from './origin.ts';
import type { LoginRoutes } from './login.ts';
import { addLoginRoutes } from './login-routes.ts';
import { laterIfAsked, methodResponse, problemResponse, refusedResponse } from './problem.ts';
import type { PushEntrance } from './push-entrance.ts';
import { createReadiness } from './ready.ts';
import { counting, createRequestCount } from './request-limit.ts';
import { createRequestLog, type LoggedEnv, type RequestReport } from './request-log.ts';
import { createSafeHeaders } from './safe-headers.ts';

interface HttpDeps extends Deps {
  mcp: McpServing & { versions: readonly string[]; capabilities: JsonObject };
}

const BODY_BYTES = 1_048_576;
/** Many clients and people write the slash. A redirect would lose the body with some of them. */
const MCP_PATHS = ['/mcp', '/mcp/'];

/** Where servers of 2024-11-05 have their stream of events, and take messages. */
const OLD_PATHS = new Set(['/sse', '/messages', '/message']);

export function createApp(deps: HttpDeps, options: HttpAppOptions): HttpApp {
  const { app, mcp, runtime, store } = deps;
  const { admit, observe, protectedResource = null } = options;
  const safe = withSafeNames(withTimeLimit(options.authenticate ?? openToEveryone, runtime), runtime.log);
  const named = (options.authenticate && observe?.noting(safe)) ?? safe;
  /** A promise, so that requests that come at once have one, with one count of what failed. */
  let logins: Promise<LoginRoutes> | null = null;
  const ofCookie: Authenticate = async (request) => (await loadLogins())?.authenticate(request) ?? named(request);
  const byCookie = observe?.noting(ofCookie) ?? ofCookie;
  const authenticate = withRefusalsNoted(named, deps.audit);
  const withCookies = withRefusalsNoted(orByCookie(named, byCookie), deps.audit);
  const authentication = { required: options.authenticate !== undefined, schemes: protectedResource ? ['oauth2'] : [] };
  const facts = { app, versions: mcp.versions, capabilities: mcp.capabilities, authentication };
  const guard = createOriginGuard(options);
  const bodies = createBodies(runtime, options.bodies);
  const isOpen = options.authenticate === undefined;
  const count = createRequestCount(deps, isOpen);
  const challenges = options.challenges ?? createChallenges();
  const { openStreams, eventStreams } = app.options.quotas ?? {};
  const countsOpen = !isOpen || openStreams !== undefined || eventStreams !== undefined;
  const route = createMcpRoute(countsOpen ? withStreamBounds({ ...deps, isOpen }) : mcp, {
    guard,
    authenticate: counting(withCookies, count, refusedForNow),
    authenticateAgain: withCookies,
    limitBytes: options.bodyBytes ?? BODY_BYTES,
    bodies,
    mostRequests: options.requests ?? REQUESTS,
    challenges,
    eventCodes: app.events.codes,
    audit: deps.audit,
    count,
  });
  /** Null: nobody asks who calls, or there is nothing to seal a cookie with. Loaded by the first that needs it. */
  async function loadLogins(): Promise<LoginRoutes | null> {
    const { secrets, publicUrl } = options;
    if (!options.authenticate || !secrets) return null;
    logins ??= import('./login.ts').then(({ createLoginRoutes }) =>
      createLoginRoutes({
        app: app.name,
        secrets,
        runtime,
        store,
        authenticate: named,
        publicUrl,
        bodies,
        audit: deps.audit,
        count,
      }),
    );
    return logins;
  }
  /** A promise, as `logins`. */
  let push: Promise<PushEntrance> | null = null;
  const ready = createReadiness(runtime);
  const outages = createOutages('HTTP', runtime);

  const documents = discoveryDocuments(facts, protectedResource, options.publicUrl);
  const http = new Hono<LoggedEnv>();
  const log = observe?.log(runtime) ?? createRequestLog(runtime);
  const safeHeaders = createSafeHeaders(options.publicUrl);
  const cors = createCors(guard);
  // As one, because the router makes a promise for each that it knows of, also where there is nothing to do.
  http.use((context, next) => log(context, () => safeHeaders(context, () => cors(context, next))));
  if (admit) {
    http.use(async (context, next) => {
      const refusal = await admit(context.req.raw);
      if (refusal === null) return next();
      if (MCP_PATHS.includes(context.req.path)) return route.refuse(refusal);
      return laterIfAsked(context.req.raw, problemResponse(refusal), runtime);
    });
  }
  for (const path of MCP_PATHS) {
    http.post(path, (context) => {
      const report = (answer: RequestReport) => context.set('report', answer);
      return route.post(context.req.raw, report, edgeOf(context));
    });
    http.get(path, (context) => {
      const report = (answer: RequestReport) => context.set('report', answer);
      return route.open(context.req.raw, report, edgeOf(context));
    });
    http.delete(path, (context) => route.remove(context.req.raw, (answer) => context.set('report', answer)));
    http.options(path, (context) => route.options(context.req.raw));
    http.all(path, (context) => route.otherMethod(context.req.raw));
  }
  // The routes below are open to every origin. They answer with the request's own host, so a wrong host is refused.
  http.use(async (context, next) => {
    const refusal = guard.hostRefusal(context.req.raw);
    return refusal === null ? next() : refusedResponse(refusal);
  });
  for (const [path, document] of documents) {
    http.get(path, (context) => document(context.req.raw, guard.baseUrl(context.req.raw)));
    http.options(path, () => documentPreflight());
  }
  http.post('/ingest/:stream', async (context) => {
    const edge = edgeOf(context);
    const account = openAccount(store, runtime, edge.work);
    context.set('report', { account });
    const { raw } = context.req;
    const stream = context.req.param('stream');
    push ??= import('./push-entrance.ts').then(({ createPushEntrance }) =>
      createPushEntrance(deps, {
        bodies,
        tokens: options.pushTokens ?? new Map(),
        keys: options.pushKeys ?? new Map(),
        needs: options.pushNeeds ?? 'both',
        authenticate: options.authenticate && authenticate,
        challenges: options.challenges,
        count,
      }),
    );
    return (await push)(raw, stream, account.store, edge);
  });
  http.all('/ingest/:stream', (context) => methodResponse(context.req.path, 'POST'));
  addLoginRoutes(http, loadLogins);
  const authenticateAndCount = counting(withCookies, count, problemResponse);
  const parts: RouteParts = {
    guard,
    authenticate: authenticateAndCount,
    authenticateAgain: withCookies,
    challenges,
    countsOpen: !isOpen || openStreams !== undefined,
    isOpen,
    host: options.host ?? null,
  };
  options.mount?.(http, parts);
  observe?.mount(http, deps, parts);
  http.get('/healthz', (context) => context.json({ status: 'ok' }));
  http.get('/readyz', (context) => {
    const account = openAccount(store, runtime);
    context.set('report', { account });
    return ready(account.store);
  });
  http.get('/', (context) => {
    const base = guard.baseUrl(context.req.raw);
    return context.json({
      name: app.name,
      title: app.title,
      version: app.version,
      description: app.description,
      mcp: `${base}/mcp`,
      serverCard: `${base}/mcp/server-card`,
      // Where callers are known, each is told its own by `list_streams`.
      ...(options.authenticate === undefined ? { streams: [...app.streams.keys()] } : {}),
    });
  });
  http.notFound(({ req }) => {
    const hint = OLD_PATHS.has(req.path)
      ? 'MCP is at /mcp, over Streamable HTTP; the transport of 2024-11-05 is not served'
      : 'MCP is at /mcp; pushes go to /ingest/<stream>';
    return problemResponse(new TidegateError('not_found', `There is nothing at ${req.path}`, { hint }));
  });
  http.onError((thrown) => {
    const error = asTidegateError(thrown);
    // While a store is gone each request meets it.
    const { code, message } = error;
    if (isOfStore(error)) outages.failed(code, message, {});
    else runtime.log('error', `HTTP: ${message}`, { code });
    return problemResponse(error);
  });
  return http;
}
