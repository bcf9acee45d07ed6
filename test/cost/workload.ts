/** What agents ask for, and what a feed brings. No code. */

/** How agents ask: two tools, and two methods. */
export const POLLS = ['read_latest', 'read_history', 'events/poll', 'tasks/get'] as const;
export type Poll = (typeof POLLS)[number];

export const MINUTE_MS = 60_000;

/** One stream, of which all agents ask: events of about 120 bytes of JSON over 100 keys. */
export interface Workload {
  agents: number;
  /** How they ask. */
  poll: Poll;
  /** How long each agent waits between two polls, ms. */
  pollMs: number;
  eventsPerSecond: number;
  /** How often the feed is pulled, ms; a schedule runs once a minute, so no less. */
  feedMs: number;
}

export const USUAL: Workload = {
  agents: 1_000,
  poll: 'read_latest',
  pollMs: 60_000,
  eventsPerSecond: 10,
  feedMs: MINUTE_MS,
};
