/**
 * One line of the log for each request: what was asked, the status, the time it took and its calls to the store. The
 * level is `debug`, or `warn` where the server could not answer; the reason is a line of its own.
 */
import type { MiddlewareHandler } from 'hono';
import type { JsonObject } from '../base/json.ts';
import type { Runtime } from '../base/runtime.ts';
import type { Account } from '../store/counting.ts';

/** What a route reports of a request beside its answer. */
export interface RequestReport {
  asked?: { mcp: string; name?: string };
  account: Pick<Account, 'spent'>;
  /** Resolves when the work is done, where the answer is streamed meanwhile. Null or absent: it is done. */
  ended?: Promise<unknown> | null;
}

/** Where a route leaves its report. */
export type LoggedEnv = { Variables: { report: RequestReport } };

export function createRequestLog({ now, log }: Pick<Runtime, 'now' | 'log'>): MiddlewareHandler<LoggedEnv> {
  return async (context, next) => {
    const startedAt = now();
    await next();
    const { method, path } = context.req;
    const { status } = context.res;
    const report: RequestReport | undefined = context.get('report');
    const write = () => {
      const cost: JsonObject = report ? report.account.spent() : {};
      log(status < 500 ? 'debug' : 'warn', 'request', {
        method,
        path,
        ...report?.asked,
        status,
        ms: now() - startedAt,
        ...cost,
      });
    };
    if (report?.ended) void report.ended.then(write);
    else write();
  };
}
