/**
 * What this process has served, as metrics. Labels are names that the app or the protocol has; whatever else is asked for counts as
 * `other`, so no caller makes series.
 */
import type { App } from '../../declare/app.ts';
import type { SeenRequest } from './request-line.ts';
import { createCounter, createDurations, OTHER } from './counted.ts';
import type { Family } from './exposition.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

const MCP_METHODS = new Set(
  [
    'initialize ping server/discover completion/complete logging/setLevel subscriptions/listen',
    'tools/list tools/call prompts/list prompts/get',
    'resources/list resources/templates/list resources/read resources/subscribe resources/unsubscribe',
    'tasks/get tasks/list tasks/result tasks/update tasks/cancel',
    'events/list events/poll events/stream events/subscribe events/unsubscribe',
    'notifications/initialized notifications/cancelled notifications/roots/list_changed',
  ].flatMap((line) => line.split(' ')),
);

/** Paths without a name of the caller's. */
const PLAIN = new Set(['/', '/mcp', '/login', '/logout', '/healthz', '/healthz/feeds', '/readyz', '/metrics']);
const NAMED: readonly [RegExp, string][] = [
  [/^\/ingest\/[^/]+$/, '/ingest/:stream'],
  [/^\/streams\/[^/]+\/events$/, '/streams/:stream/events'],
  [/^\/triggers\/[^/]+\/events$/, '/triggers/:trigger/events'],
  [/^\/alarms\/(?:shared\/)?events$/, '/alarms/events'],
  [/^\/(?:\.well-known\/|mcp\/server-card$)/, '/.well-known'],
];

/** @param path without its query */
export function pathLabel(path: string): string {
  if (PLAIN.has(path)) return path;
  if (path === '/mcp/') return '/mcp';
  return NAMED.find(([pattern]) => pattern.test(path))?.[1] ?? OTHER;
}

interface SeenRequests {
  began(): void;
  ended(request: SeenRequest): void;
  families(): Family[];
}

export function createSeenRequests({
  tools,
  tasks,
  toolNames,
}: Pick<App, 'tools' | 'tasks' | 'toolNames'>): SeenRequests {
  const known = new Set([...tools.keys(), ...tasks.keys(), ...Object.values(toolNames)]);
  let underWay = 0;
  const requests = createCounter({
    name: 'tidegate_http_requests_total',
    help: 'Requests that were answered, a streamed one at its end',
    labels: ['route', 'method', 'status'],
  });
  const durations = createDurations({
    name: 'tidegate_http_request_duration_seconds',
    help: 'How long requests took, streamed ones to their end, in steps of 1 ms',
    labels: ['route'],
  });
  const messages = createCounter({
    name: 'tidegate_mcp_requests_total',
    help: 'Messages of MCP; the tool of tools/call, and other for names that nothing has',
    labels: ['method', 'tool', 'status'],
  });
  const messageDurations = createDurations({
    name: 'tidegate_mcp_request_duration_seconds',
    help: 'How long messages of MCP took, streamed ones to their end, in steps of 1 ms',
    labels: ['method', 'tool'],
  });

  return {
    began() {
      underWay += 1;
    },
    ended({ method, path, status, ms, asked }) {
      underWay -= 1;
      const route = pathLabel(path);
      requests.add(1, route, METHODS.has(method) ? method : OTHER, String(status));
      durations.observe(ms, route);
      if (asked === undefined) return;
      const mcp = MCP_METHODS.has(asked.mcp) ? asked.mcp : OTHER;
      const name = asked.name ?? '';
      const tool = mcp !== 'tools/call' ? '' : known.has(name) ? name : OTHER;
      messages.add(1, mcp, tool, String(status));
      messageDurations.observe(ms, mcp, tool);
    },
    families: () => [
      requests.family(),
      durations.family(),
      {
        name: 'tidegate_http_requests_under_way',
        help: 'Requests that were not answered yet, and streams that are open',
        type: 'gauge',
        samples: [{ value: underWay }],
      },
      messages.family(),
      messageDurations.family(),
    ],
  };
}
