/**
 * One line of the log for each request: what was asked, the status, the time it took and its calls to the store. The
 * level is `debug`, or `warn` where the server could not answer; the reason is a line of its own.
 */
import type { MiddlewareHandler } from 'hono';
import type { JsonObject } from '../base/json.ts';
import type { Runtime } from '../base/runtime.ts';
import type { Account } from '../store/counting.ts';
import type { Edge } from './edge.ts';

/** What a route reports of a request beside its answer. */
export interface RequestReport {
  asked?: { mcp: string; name?: string };
  account: Pick<Account, 'spent'>;
  /** Resolves when the work is done, where the answer is streamed meanwhile. Null or absent: it is done. */
  ended?: Promise<unknown> | null;
}

/** Where a route leaves its report. */
export type LoggedEnv = { Bindings: { edge?: Edge | undefined }; Variables: { report: RequestReport } };

export function createRequestLog({ now, log }: Pick<Runtime, 'now' | 'log'>): MiddlewareHandler<LoggedEnv> {
  const few = createFew(now);
  return async (context, next) => {
    const startedAt = now();
    await next();
    const { method, path } = context.req;
    const { status } = context.res;
    const report: RequestReport | undefined = context.get('report');
    const write = () => {
      const level = status < 500 ? 'debug' : few.next() ? 'warn' : null;
      if (level === null || log.wants?.(level) === false) return;
      const cost: JsonObject = report ? report.account.spent() : {};
      const unsaid = level === 'warn' ? few.unsaid() : 0;
      log(level, 'request', {
        method,
        path,
        ...report?.asked,
        status,
        ms: now() - startedAt,
        ...cost,
        ...(unsaid > 0 ? { unsaid } : {}),
      });
    };
    if (report?.ended) void report.ended.then(write);
    else write();
  };
}

/** Lines at `warn` within a window. A flood that is refused would else fill the log, and take as long as serving it. */
const MOST_LINES = 20;
const WINDOW_MS = 10_000;

export function createFew(now: () => number, { most, windowMs } = { most: MOST_LINES, windowMs: WINDOW_MS }) {
  let since = Number.NEGATIVE_INFINITY;
  let lines = 0;
  let left = 0;
  return {
    next(): boolean {
      // Also where the clock was set back: lines would be left out until its time has come.
      if (Math.abs(now() - since) >= windowMs) [since, lines] = [now(), 0];
      lines += 1;
      if (lines > most) left += 1;
      return lines <= most;
    },
    /** How many were left out before this one. */
    unsaid(): number {
      const before = left;
      left = 0;
      return before;
    },
  };
}
