/**
 * One line of the log for each request: what was asked, how it was answered, how long it took, and what it cost the store.
 * It stands at `debug`, and at `warn` where the server could not answer; why not is a line of its own.
 */
import type { MiddlewareHandler } from 'hono';
import type { JsonObject } from '../base/json.ts';
import type { Runtime } from '../base/runtime.ts';
import type { Account } from '../store/counting.ts';

/** What a route tells of a request beside its answer. */
export interface Told {
  asked?: { mcp: string; name?: string };
  account: Pick<Account, 'spent'>;
  /** Resolves when all is done, where the answer is streamed while it is worked on; null or absent: it is done. */
  ended?: Promise<unknown> | null;
}

/** Where a route leaves what it tells. */
export type LoggedEnv = { Variables: { told: Told } };

export function createRequestLog({ now, log }: Pick<Runtime, 'now' | 'log'>): MiddlewareHandler<LoggedEnv> {
  return async (context, next) => {
    const startedAt = now();
    await next();
    const { method, path } = context.req;
    const { status } = context.res;
    const told: Told | undefined = context.get('told');
    const tell = () => {
      const cost: JsonObject = told ? told.account.spent() : {};
      log(status < 500 ? 'debug' : 'warn', 'request', {
        method,
        path,
        ...told?.asked,
        status,
        ms: now() - startedAt,
        ...cost,
      });
    };
    if (told?.ended) void told.ended.then(tell);
    else tell();
  };
}
