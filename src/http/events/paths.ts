/** The paths of streams of events. What answers them is loaded with the first request. */
import type { Deps } from '../../streams/deps.ts';
import { NO_EDGE } from '../edge.ts';
import { methodResponse } from '../problem.ts';
import type { Hono } from 'hono';
import type { LoggedEnv, RequestReport } from '../request-log.ts';
import type { AskedSource } from './readable.ts';
import type { EventsRoute, EventsRouteOptions } from './route.ts';

const ALLOWED = 'GET, HEAD, OPTIONS';
const PATHS: readonly { path: string; asked: (name: string) => AskedSource }[] = [
  { path: '/streams/:name/events', asked: (name) => ({ of: 'stream', name }) },
  { path: '/triggers/:name/events', asked: (name) => ({ of: 'trigger', name }) },
  { path: '/alarms/events', asked: () => ({ of: 'alarms', tenants: null }) },
  { path: '/alarms/shared/events', asked: () => ({ of: 'alarms', tenants: 'shared' }) },
];

export function mountEvents(http: Hono<LoggedEnv>, deps: Deps, options: EventsRouteOptions): void {
  let route: EventsRoute | null = null;

  async function load(): Promise<EventsRoute> {
    const { createEventsRoute } = await import('./route.ts');
    route ??= createEventsRoute(deps, options);
    return route;
  }

  for (const { path, asked } of PATHS) {
    http.get(path, async (context) => {
      const source = asked(context.req.param('name') ?? '');
      const report = (told: RequestReport) => context.set('report', told);
      return (await load()).open(context.req.raw, source, context.env?.edge ?? NO_EDGE, report);
    });
    http.options(path, () => new Response(null, { status: 204, headers: { Allow: ALLOWED } }));
    http.all(path, (context) => methodResponse(context.req.path, ALLOWED));
  }
  options.closed?.addEventListener('abort', () => route?.close(), { once: true });
}
