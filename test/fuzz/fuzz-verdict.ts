/** What of a fuzz run breaks a promise, in words; nothing: all held. */
import type { FuzzReport } from './fuzz-run.ts';

/** What every run has to get a result out of, lest it knocks at closed doors alone. */
const MUST_ANSWER = [
  'initialize',
  'server/discover',
  'tools/list',
  'tools/call',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'prompts/list',
  'prompts/get',
  'completion/complete',
  'tasks/get',
  'tasks/update',
  'tasks/cancel',
  'subscriptions/listen',
];
/** What the heap may have grown by from the third tenth to the last, bytes, with nothing stored any more. */
const MOST_GROWTH = 12 * 1_048_576;
const SLOWEST_MS = 5_000;

/** All of it, where a run is long enough to come to everything. */
export function fuzzVerdict(report: FuzzReport): string[] {
  const { answered, statuses } = report;
  const missing = MUST_ANSWER.filter((method) => !answered.has(method)).map((method) => `${method} never had a result`);
  const never = [200, 202, 400, 404, 408].filter((status) => !statuses.has(status));
  return [...fuzzFindings(report), ...missing, ...never.map((status) => `status ${status} never came`)];
}

/** What went wrong with what was sent. */
export function fuzzFindings({ problems, heap, slowestMs }: FuzzReport): string[] {
  const wrong = [...problems];
  const grown = (heap.at(-1) ?? 0) - (heap[2] ?? 0);
  if (grown > MOST_GROWTH) wrong.push(`the heap grew by ${Math.round(grown / 1_048_576)} MiB`);
  if (slowestMs > SLOWEST_MS) wrong.push(`an answer took ${Math.round(slowestMs)} ms`);
  return wrong;
}
