/** What the model takes for given because no run on this machine can tell it, each with its reason. */

/** Lambda: `memoryMb` of the construct's defaults. */
export const LAMBDA_GB = 0.5;
/** Of one processor: Lambda gives a whole one at 1,769 MB (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html). */
export const LAMBDA_PROCESSOR = 512 / 1_769;
/** Waiting for a call of the store in the same region, ms: DynamoDB promises single digits, Redis over HTTP is about the same. */
export const STORE_CALL_MS = 5;
/** Headers of an answer and of TLS, bytes. */
export const HEADER_BYTES = 500;
/** Of an event as the log keeps it, in Redis, bytes; half in DynamoDB, which deflates it. */
export const STORED_EVENT_BYTES = 300;
/** Events that the stream keeps: a day at most, and 100,000 at most, as the default of retention says. */
export const KEPT_EVENTS = 100_000;
/** A resident server is bought so large that it is busy for this share of its time. */
export const SERVER_SHARE = 0.6;

/**
 * McpAgent of Cloudflare's Agents SDK (0.21): each session of an agent is a Durable Object, and one more keeps the stream. A POST
 * reaches the session by two calls and a fetch (`packages/agents/src/mcp/utils.ts` of github.com/cloudflare/agents), and the
 * tool asks the object of the stream by a call.
 */
export const MCP_AGENT = {
  objectRequestsPerPoll: 4,
  /** State and schema version of the session, and the latest event. */
  rowsReadPerPoll: 4,
  /** An event, and its place in the index by key. */
  rowsWrittenPerEvent: 2,
  /** Tables and the request of initialization, once a day. */
  rowsWrittenPerSession: 10,
  /** How long both objects work for a poll, ms. What hibernates is not billed. */
  activeMsPerPoll: 20,
  /** The stream's object works for an event, ms. */
  activeMsPerEvent: 0.05,
  /** 128 MB are billed whatever is used. */
  objectGb: 0.128,
  /** An empty SQLite database has 12 KB (Durable Objects FAQ); tables and state beside it. */
  sessionBytes: 20_000,
};
