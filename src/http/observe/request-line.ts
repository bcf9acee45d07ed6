/**
 * The line of a request, as `request-log.ts` writes it, with more in it: who asked, its trace, and how large the request was. The
 * level is `debug`, or `info` where LOG_REQUESTS asks for all, and `warn` where the server could not answer; the reason is a line of
 * its own. Nothing of a query, a body or a credential is in it.
 */
import type { MiddlewareHandler } from 'hono';
import type { JsonObject } from '../../base/json.ts';
import type { Principal } from '../../base/principal.ts';
import type { LogLevel, Runtime } from '../../base/runtime.ts';
import { observeVariables } from './variables.ts';
import { createFew, type LoggedEnv, type RequestReport } from '../request-log.ts';

/** A request that was answered, a streamed one to its end. */
export interface SeenRequest {
  method: string;
  /** As it was asked for, without its query. */
  path: string;
  status: number;
  ms: number;
  asked: RequestReport['asked'];
}

interface RequestLineOptions {
  /** Hears of each request, whatever is logged. */
  observed?: { began?: () => void; ended?: (request: SeenRequest) => void } | undefined;
  /** Who sent a request, where that was found out. */
  callerOf?: (request: Request) => Principal | undefined;
}

/** A path may be long, and none is worth more of a line. What was asked for comes cut. */
const PATH_CHARACTERS = 200;
const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/healthz/feeds', '/metrics']);

export function createRequestLine(
  runtime: Pick<Runtime, 'now' | 'log' | 'variable'>,
  { observed, callerOf }: RequestLineOptions = {},
): MiddlewareHandler<LoggedEnv> {
  const { now, log } = runtime;
  const few = createFew(now);
  const probes = createFew(now, { most: 1, windowMs: 60_000 });
  const usual: LogLevel = observeVariables(runtime).logsAll ? 'info' : 'debug';

  /** The level of a line, with how many were left out before it; null: there is none. */
  function levelOf(status: number, path: string): { level: LogLevel; unsaid: number } | null {
    const level = status < 500 ? usual : 'warn';
    const bound = status >= 500 ? few : usual === 'info' && PROBES.has(path) ? probes : null;
    if (bound?.next() === false || log.wants?.(level) === false) return null;
    return { level, unsaid: bound?.unsaid() ?? 0 };
  }

  return async (context, next) => {
    const startedAt = now();
    observed?.began?.();
    let isWritten = false;
    const { method, path } = context.req;
    const write = (status: number, report: RequestReport | undefined) => {
      if (isWritten) return;
      isWritten = true;
      const ms = now() - startedAt;
      observed?.ended?.({ method, path, status, ms, asked: report?.asked });
      const line = levelOf(status, path);
      if (line === null) return;
      const cost: JsonObject = report ? report.account.spent() : {};
      log(line.level, 'request', {
        method,
        path: path.slice(0, PATH_CHARACTERS),
        ...report?.asked,
        status,
        ms,
        ...cost,
        ...callerFields(callerOf?.(context.req.raw)),
        ...traceFields(context.req.raw.headers),
        ...(line.unsaid > 0 ? { unsaid: line.unsaid } : {}),
      });
    };
    try {
      await next();
    } catch (thrown) {
      write(500, undefined);
      throw thrown;
    }
    const { status } = context.res;
    const report: RequestReport | undefined = context.get('report');
    if (report?.ended) void report.ended.catch(() => null).then(() => write(status, report));
    else write(status, report);
  };
}

/** As the audit log names them. Where nobody asks who calls, all are one, and it says nothing. */
function callerFields(caller: Principal | undefined): JsonObject {
  return caller === undefined ? {} : { tenant: caller.tenant, subject: caller.subject };
}

const TRACE = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}$/;
const REQUEST_ID = /^[\w.:;=@/+-]{1,128}$/;
/** Those of proxies, Cloudflare and AWS, which put theirs in the place of what a client sent. */
const ID_HEADERS = ['x-request-id', 'cf-ray', 'x-amzn-trace-id'];

/** What finds the request in logs of others, and how large it says that its body is. What has another form is left out. */
function traceFields(headers: Headers): JsonObject {
  const [, trace] = TRACE.exec(headers.get('traceparent') ?? '') ?? [];
  const requestId = ID_HEADERS.map((name) => headers.get(name) ?? '').find((text) => REQUEST_ID.test(text));
  const bytes = headers.get('content-length') ?? '';
  return {
    ...(trace === undefined ? {} : { trace }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(/^\d{1,12}$/.test(bytes) ? { bytes: Number(bytes) } : {}),
  };
}
