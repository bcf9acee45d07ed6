/** What a piece of work used, in the units that platforms and engines bill. Pure. */

export interface Spent {
  /** Requests that agents sent. */
  requests: number;
  /** Calls of the store's interface, as `countCalls` counts them. */
  storeCalls: number;
  /** Commands of Redis. Upstash bills an EVALSHA and each command that its script calls. */
  redisCommands: number;
  /** Bodies of requests to Redis over HTTP and of its answers, bytes. */
  redisBytes: number;
  /** Read request units of DynamoDB, as its answers tell them. */
  readUnits: number;
  /** Write request units of DynamoDB, those of its index included. */
  writeUnits: number;
  /** Requests to DynamoDB. */
  dynamoRequests: number;
  /** Processor time, ms, without that of the engine. */
  cpuMs: number;
  /** Bodies of answers to agents, bytes. */
  answerBytes: number;
}

export const SPENT_NAMES = [
  'requests',
  'storeCalls',
  'redisCommands',
  'redisBytes',
  'readUnits',
  'writeUnits',
  'dynamoRequests',
  'cpuMs',
  'answerBytes',
] as const satisfies readonly (keyof Spent)[];

export const NOTHING: Spent = {
  requests: 0,
  storeCalls: 0,
  redisCommands: 0,
  redisBytes: 0,
  readUnits: 0,
  writeUnits: 0,
  dynamoRequests: 0,
  cpuMs: 0,
  answerBytes: 0,
};

/** `one + factor * other`, each figure by itself. */
export function plus(one: Spent, other: Spent, factor = 1): Spent {
  const sum = { ...one };
  for (const name of SPENT_NAMES) sum[name] += factor * other[name];
  return sum;
}

export function times(factor: number, spent: Spent): Spent {
  return plus(NOTHING, spent, factor);
}
