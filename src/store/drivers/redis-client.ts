/**
 * Runs the store's scripts through Upstash's client, one HTTP request each, and says what a failure means. It never
 * repeats a request that may have been executed: only the holder of a commit's id may do that.
 */
import { errors, Redis } from '@upstash/redis/cloudflare';
import { TidegateError } from '../../base/errors.ts';
import { utf8Bytes } from '../../base/json.ts';
import { prepareScripts, type ScriptName } from './redis-scripts.ts';

/** The smallest request limit among Upstash's plans is 1 MiB; headers and the protocol's own text stay below the rest. */
export const REQUEST_BYTES = 900_000;

export interface RedisClient {
  /**
   * @throws TidegateError `invalid_config` for a refused token, `too_large` before sending, `store_unavailable` otherwise:
   * then the script may have run.
   */
  run(script: ScriptName, args: readonly string[], timeoutMs?: number): Promise<unknown>;
  /** A plain command. Throws as `run`. */
  command(words: [string, ...string[]], timeoutMs?: number): Promise<unknown>;
  /** The same client, which calls `onRequest` before each request that it sends. */
  observed(onRequest: () => void): RedisClient;
}

export async function createRedisClient(options: {
  url: string;
  token: string;
  /** What all keys begin with. */
  base: string;
  timeoutMs: number;
}): Promise<RedisClient> {
  const scripts = await prepareScripts();
  let timeoutMs = options.timeoutMs;
  const redis = new Redis({
    url: options.url,
    token: options.token,
    // `false` would still send a request a second time.
    retry: { retries: 0 },
    // Asked for while a request is being made, in the same turn as the call below that sets it. As a plain signal the
    // client would turn an abort into a successful answer.
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

    return {
      async run(name, args, limitMs = options.timeoutMs) {
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
      },
      command: (words, limitMs = options.timeoutMs) => send(limitMs, () => redis.exec(words)),
      observed: sending,
    };
  }

  return sending(() => {});
}

function isNoScript(error: unknown): boolean {
  return error instanceof TidegateError && error.cause instanceof Error && error.cause.message.startsWith('NOSCRIPT');
}

function toTidegateError(thrown: unknown): TidegateError {
  const cause = withoutCommand(thrown);
  if (thrown instanceof errors.UpstashError && /^(WRONGPASS|NOAUTH|Unauthorized)/i.test(thrown.message)) {
    return new TidegateError('invalid_config', 'Redis refused the token', {
      field: 'UPSTASH_REDIS_REST_TOKEN',
      expected: 'the token of the database at UPSTASH_REDIS_REST_URL',
      cause,
    });
  }
  return new TidegateError('store_unavailable', 'the redis store cannot be reached', { retryAfterMs: 1_000, cause });
}

/** The client repeats the whole command in its messages: data that no log should have. */
function withoutCommand(thrown: unknown): unknown {
  if (!(thrown instanceof errors.UpstashError)) return thrown;
  return new Error(thrown.message.split(', command was:')[0]);
}
