/** What others would cost for the same agents: McpAgent on Durable Objects, and a server without a store that asks the upstream. Pure. */
import { MCP_AGENT } from './assumed.ts';
import { beyond, type Bill, MONTH_RUNS, total } from './bill.ts';
import { MONTH_MS } from './model.ts';
import type { Measured } from './measured.ts';
import { DURABLE_OBJECTS, GB, WORKERS_PAID } from './prices.ts';
import type { Workload } from './workload.ts';

/** Days that sessions begin in. */
const MONTH_DAYS = 30;

export function pollsOf({ agents, pollMs }: Workload): number {
  return (agents * MONTH_MS) / pollMs;
}

/** Processor time of a poll is taken to be that of ours. */
export function mcpAgentBill(workload: Workload, measured: Measured): Bill {
  const polls = pollsOf(workload);
  const events = (workload.eventsPerSecond * MONTH_MS) / 1_000;
  const sessions = workload.agents * MONTH_DAYS;
  const activeMs = polls * MCP_AGENT.activeMsPerPoll + events * MCP_AGENT.activeMsPerEvent;
  const { requests, gbSeconds, rowsRead, rowsWritten, storedGb } = DURABLE_OBJECTS;
  const written = events * MCP_AGENT.rowsWrittenPerEvent + sessions * MCP_AGENT.rowsWrittenPerSession;
  return total([
    { what: 'Workers Paid', usd: WORKERS_PAID.plan.usdPerMonth },
    { what: 'requests', usd: beyond(WORKERS_PAID.requests, polls) },
    { what: 'processor time', usd: beyond(WORKERS_PAID.cpuMs, polls * measured.polls[workload.poll].idle.cpuMs) },
    { what: 'requests to objects', usd: beyond(requests, polls * MCP_AGENT.objectRequestsPerPoll + MONTH_RUNS) },
    { what: 'duration of objects', usd: beyond(gbSeconds, (activeMs / 1_000) * MCP_AGENT.objectGb) },
    { what: 'rows read', usd: beyond(rowsRead, polls * MCP_AGENT.rowsReadPerPoll) },
    { what: 'rows written', usd: beyond(rowsWritten, written) },
    { what: 'storage of sessions', usd: beyond(storedGb, (workload.agents * MCP_AGENT.sessionBytes) / GB) },
  ]);
}

/** A stateless MCP server on Workers: each poll is a request to the upstream. What the upstream asks for it is not in it. */
export function upstreamBill(workload: Workload, measured: Measured): Bill {
  const polls = pollsOf(workload);
  return total([
    { what: 'Workers Paid', usd: WORKERS_PAID.plan.usdPerMonth },
    { what: 'requests', usd: beyond(WORKERS_PAID.requests, polls) },
    { what: 'processor time', usd: beyond(WORKERS_PAID.cpuMs, polls * measured.polls[workload.poll].idle.cpuMs) },
  ]);
}
