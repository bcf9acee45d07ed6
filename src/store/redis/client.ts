/**
 * Runs the store's scripts through Upstash's client, and turns failures into errors of ours. Scripts that are asked for in one turn
 * travel as one pipeline (`pipeline.ts`). It never repeats a request that may have been executed: only the holder of a commit's id
 * may do that.
 */
import { errors } from '@upstash/redis/cloudflare';
import { type ErrorDetails, innermostReason, TidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import { createPipelines, type Pipelines } from './pipeline.ts';
import { prepareScripts, type ScriptName } from './scripts.ts';

export interface RunOptions {
  /** When the call gives up. Default: that of the client. */
  timeoutMs?: number;
  /** True: in a request of its own, because its answer may be large or take long. */
  isApart?: boolean;
}

export interface RedisClient {
  /**
   * Runs a script, in one request with up to 63 others that are asked for in the same turn. Those of a request run in the order in which
   * they were asked for, others between them; requests of one turn run side by side. Each call has its own answer, error and time limit.
   * @throws TidegateError `invalid_config` for a refused token; `too_large` before it sends anything; `store_full` and
   * `store_damaged`, where Redis refused it as a whole; `store_unavailable` otherwise, after which it may have run.
   */
  run(script: ScriptName, args: readonly string[], options?: RunOptions): Promise<unknown>;
  /** Sends a plain command, in a request of its own. Errors as `run`. */
  command(words: [string, ...string[]], timeoutMs?: number): Promise<unknown>;
  /** The same client, which calls `onRequest` for each command before it sends it: that is what Upstash counts. */
  observed(onRequest: () => void): RedisClient;
}

export async function createRedisClient(options: {
  url: string;
  token: string;
  /** The text that all keys begin with. */
  base: string;
  timeoutMs: number;
  /** As `Runtime` says. */
  afterTurn?: Runtime['afterTurn'];
}): Promise<RedisClient> {
  const scripts = await prepareScripts();
  const standardMs = options.timeoutMs;

  function through(pipelines: Pipelines): RedisClient {
    const run = async (words: readonly string[], limitMs: number, isApart = false): Promise<unknown> => {
      try {
        return await pipelines.run(words, limitMs, isApart);
      } catch (error) {
        throw error instanceof TidegateError ? error : toTidegateError(error);
      }
    };

    async function runScript(name: ScriptName, args: readonly string[], more: RunOptions): Promise<unknown> {
      const { sha, text } = scripts[name];
      const { timeoutMs = standardMs, isApart } = more;
      try {
        return await run(['EVALSHA', sha, '1', options.base, ...args], timeoutMs, isApart);
      } catch (error) {
        if (!isNoScript(error)) throw error;
        // A script that the server does not know has not been run.
        return run(['EVAL', text, '1', options.base, ...args], timeoutMs, isApart);
      }
    }

    return {
      async run(name, args, more = {}) {
        const result = await runScript(name, args, more);
        return MAY_FIND_NOTHING.has(name) ? result : answered(result);
      },
      command: async (words, limitMs = standardMs) => answered(await run(words, limitMs, true)),
      observed: (onRequest) => through(pipelines.observed(onRequest)),
    };
  }

  return through(createPipelines(options));
}

/** Scripts that answer nothing (null) for a log that is not there. No other does, nor any command that is sent. */
const MAY_FIND_NOTHING: ReadonlySet<ScriptName> = new Set(['seek', 'extent']);

/** What stands between may answer in Redis's place. @throws TidegateError `store_unavailable` */
function answered(result: unknown): unknown {
  if (result === null || result === undefined) throw toTidegateError(new Error('it answers nothing (null)'));
  return result;
}

function isNoScript(error: unknown): boolean {
  return error instanceof TidegateError && error.cause instanceof Error && error.cause.message.startsWith('NOSCRIPT');
}

/** What Redis, or Upstash before it, refuses as a whole. A script that wrote something is never refused half-way. */
const REFUSALS: readonly [RegExp, ...ConstructorParameters<typeof TidegateError>][] = [
  [
    /^(WRONGPASS|NOAUTH|Unauthorized|NOPERM)/i,
    'invalid_config',
    'Redis refused the token',
    {
      field: 'UPSTASH_REDIS_REST_TOKEN',
      expected: 'the token of the database at UPSTASH_REDIS_REST_URL, one that may write',
    },
  ],
  [
    /\bOOM command not allowed|capacity quota exceeded|max single record size exceeded/i,
    'store_full',
    'Redis is full and refuses to write',
    full('give it more memory (maxmemory, or a larger plan), or let streams keep less (retention)'),
  ],
  [
    /max (daily |monthly )?requests? limit exceeded/i,
    'store_full',
    'the quota of requests to Redis is used up',
    full('wait for the next period, or take a larger plan'),
  ],
  [
    /^MISCONF/,
    'store_full',
    'Redis cannot write to its disk, and therefore refuses to write',
    full('make room on its disk, or look into its own log for what is wrong there'),
  ],
  [
    /^WRONGTYPE/,
    'store_damaged',
    'a key of the app in Redis is not what Tidegate wrote',
    { hint: 'another program uses keys of the same name: give the app a database of its own' },
  ],
];

function full(hint: string): ErrorDetails {
  return { hint, retryAfterMs: 10_000 };
}

function toTidegateError(thrown: unknown): TidegateError {
  const cause = withoutCommand(thrown);
  const reason = innermostReason(cause);
  for (const [pattern, code, message, details] of thrown instanceof errors.UpstashError ? REFUSALS : []) {
    if (pattern.test(reason)) return new TidegateError(code, `${message}: ${reason}`, { ...details, cause });
  }
  const message = `the redis store cannot be reached: ${reason}`;
  return new TidegateError('store_unavailable', message, { retryAfterMs: 1_000, cause });
}

/**
 * The error without the command. The client puts the whole command into its messages, and no log should have that data.
 */
function withoutCommand(thrown: unknown): unknown {
  if (!(thrown instanceof errors.UpstashError)) return thrown;
  return new Error(thrown.message.split(', command was:')[0]);
}
