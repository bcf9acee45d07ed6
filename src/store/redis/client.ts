/**
 * Runs the store's scripts through Upstash's client, one HTTP request each, and turns failures into errors of ours. It
 * never repeats a request that may have been executed: only the holder of a commit's id may do that.
 */
import { errors, Redis } from '@upstash/redis/cloudflare';
import { type ErrorDetails, innermostReason, TidegateError } from '../../base/errors.ts';
import { utf8Bytes } from '../../base/json.ts';
import { prepareScripts, type ScriptName } from './scripts.ts';

/**
 * The smallest limit of a request among Upstash's plans is 1 MiB. The rest is room for headers and the protocol's own
 * text.
 */
const REQUEST_BYTES = 900_000;

export interface RedisClient {
  /**
   * Runs a script.
   * @throws TidegateError `invalid_config` for a refused token; `too_large` before it sends anything; `store_full` and
   * `store_damaged`, where Redis refused it as a whole; `store_unavailable` otherwise, after which it may have run.
   */
  run(script: ScriptName, args: readonly string[], timeoutMs?: number): Promise<unknown>;
  /** Sends a plain command. Errors as `run`. */
  command(words: [string, ...string[]], timeoutMs?: number): Promise<unknown>;
  /** The same client, which calls `onRequest` before each request that it sends. */
  observed(onRequest: () => void): RedisClient;
}

export async function createRedisClient(options: {
  url: string;
  token: string;
  /** The text that all keys begin with. */
  base: string;
  timeoutMs: number;
}): Promise<RedisClient> {
  const scripts = await prepareScripts();
  let timeoutMs = options.timeoutMs;
  const redis = new Redis({
    url: options.url,
    token: options.token,
    // `retry: false` would still send a request a second time.
    retry: { retries: 0 },
    // The client calls this function while it makes a request, synchronously after `timeoutMs` is set below. It is a
    // function because the client would turn the abort of a plain signal into a successful answer.
    signal: () => AbortSignal.timeout(timeoutMs),
    keepAlive: false,
    responseEncoding: false,
    automaticDeserialization: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    readYourWrites: false,
  });

  function sending(onRequest: () => void): RedisClient {
    async function send(limitMs: number, request: () => Promise<unknown>): Promise<unknown> {
      try {
        onRequest();
        timeoutMs = limitMs;
        return await request();
      } catch (error) {
        throw toTidegateError(error);
      }
    }

    async function runScript(name: ScriptName, args: readonly string[], limitMs: number): Promise<unknown> {
      const { sha, text } = scripts[name];
      const bytes = utf8Bytes(JSON.stringify(args)) + text.length;
      if (bytes > REQUEST_BYTES) {
        throw new TidegateError('too_large', `a request of ${bytes} bytes is too large for Redis over HTTP`, {
          expected: `at most ${REQUEST_BYTES} bytes`,
        });
      }
      const words = [...args];
      try {
        return await send(limitMs, () => redis.evalsha(sha, [options.base], words));
      } catch (error) {
        if (!isNoScript(error)) throw error;
        // A script that the server does not know has not been run.
        return send(limitMs, () => redis.eval(text, [options.base], words));
      }
    }

    return {
      async run(name, args, limitMs = options.timeoutMs) {
        const result = await runScript(name, args, limitMs);
        return MAY_FIND_NOTHING.has(name) ? result : answered(result);
      },
      command: async (words, limitMs = options.timeoutMs) => answered(await send(limitMs, () => redis.exec(words))),
      observed: sending,
    };
  }

  return sending(() => {});
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
