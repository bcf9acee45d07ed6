/**
 * Commands to Redis over HTTP, through Upstash's client: those of one turn in one request (`/pipeline`). A pipeline is no transaction:
 * Redis runs its commands one by one, and each has its own answer or error. What befalls the request befalls all of them. Nothing
 * is repeated.
 */
import { errors, Redis } from '@upstash/redis/cloudflare';
import { TidegateError } from '../../base/errors.ts';
import { utf8Bytes } from '../../base/json.ts';
import type { Runtime } from '../../base/runtime.ts';
import { createGathering, type Gathering, inParts } from '../gather.ts';

/**
 * The smallest limit of a request among Upstash's plans is 1 MiB. The rest is room for headers and the protocol's own
 * text.
 */
const REQUEST_BYTES = 900_000;
/** So that the first command of a pipeline does not wait for the answers of too many others. */
const COMMANDS_AT_ONCE = 64;
/** Most bytes of a UTF-16 unit in JSON: `\u0001`. */
const MOST_BYTES_A_UNIT = 6;
/** Where a command cannot have more bytes than this, they are not counted. */
const UNCOUNTED_BYTES = 20_000;

export interface Pipelines {
  /**
   * @param words the command
   * @param limitMs when this call gives up; others that share its request go on
   * @param isApart true: in a request of its own
   * @throws TidegateError `too_large` before it sends anything; else what Upstash's client throws
   */
  run(words: readonly string[], limitMs: number, isApart: boolean): Promise<unknown>;
  /** The same, which calls `onRequest` for each command before it sends it: that is what Upstash counts. */
  observed(onRequest: () => void): Pipelines;
}

interface Command {
  words: readonly string[];
  bytes: number;
  limitMs: number;
  onRequest: () => void;
  resolve: (result: unknown) => void;
  reject: (error: unknown) => void;
}

export function createPipelines(options: { url: string; token: string; afterTurn?: Runtime['afterTurn'] }): Pipelines {
  let timeoutMs = 0;
  const redis = new Redis({
    url: options.url,
    token: options.token,
    // `retry: false` would still send a request a second time.
    retry: { retries: 0 },
    // The client calls this function while it makes a request, synchronously after `timeoutMs` is set below. It is a
    // function because the client would turn the abort of a plain signal into a successful answer.
    signal: () => AbortSignal.timeout(timeoutMs),
    // Of fetch: a request that outlives its page. Connections stay open in any case.
    keepAlive: false,
    responseEncoding: false,
    automaticDeserialization: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    readYourWrites: false,
  });

  async function sendPart(commands: readonly Command[]): Promise<void> {
    try {
      for (const { onRequest } of commands) onRequest();
      timeoutMs = Math.max(...commands.map(({ limitMs }) => limitMs));
      const answers = commands.length === 1 ? await alone(redis, commands) : await together(redis, commands);
      if (answers.length !== commands.length) throw new Error('it answers another number of commands');
      for (const [index, { resolve, reject }] of commands.entries()) {
        const { result, error } = answers[index] ?? {};
        if (error) reject(new errors.UpstashError(error));
        else resolve(result);
      }
    } catch (error) {
      for (const { reject } of commands) reject(error);
    }
  }

  function send(asked: readonly Command[]): void {
    const bounds = { most: COMMANDS_AT_ONCE, mostSize: REQUEST_BYTES };
    for (const part of inParts(asked, bounds, ({ bytes }) => bytes)) {
      endByThemselves(part);
      void sendPart(part);
    }
  }

  function through(gathering: Gathering<Command>, onRequest: () => void): Pipelines {
    return {
      run(words, limitMs, isApart) {
        return new Promise((resolve, reject) => {
          const command = { words, bytes: bytesOf(words), limitMs, onRequest, resolve, reject };
          if (isApart) send([command]);
          else gathering.ask(command);
        });
      },
      observed: (observer) => through(gathering.forCaller(), observer),
    };
  }

  return through(createGathering(options.afterTurn, send), () => {});
}

interface Answer {
  result?: unknown;
  error?: string | undefined;
}

async function alone(redis: Redis, [command]: readonly Command[]): Promise<Answer[]> {
  return [{ result: await redis.exec([...(command?.words ?? [])] as [string, ...string[]]) }];
}

async function together(redis: Redis, commands: readonly Command[]): Promise<Answer[]> {
  const pipeline = redis.pipeline();
  for (const { words } of commands) {
    const [name, script = '', , base = '', ...args] = words;
    if (name === 'EVAL') pipeline.eval(script, [base], args);
    else pipeline.evalsha(script, [base], args);
  }
  return pipeline.exec({ keepErrors: true });
}

/** The request has the longest limit of its commands. Those with a shorter one give up by themselves, and hinder nobody. */
function endByThemselves(commands: readonly Command[]): void {
  const longest = Math.max(...commands.map(({ limitMs }) => limitMs));
  for (const { limitMs, reject } of commands) {
    if (limitMs === longest) continue;
    const signal = AbortSignal.timeout(limitMs);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  }
}

/**
 * Counts the text of a script for the parts of a pipeline alone: whether a call is too large must not depend on what Redis knows.
 * @throws TidegateError `too_large`
 */
function bytesOf(words: readonly string[]): number {
  const [name, text = ''] = words;
  const isText = name === 'EVAL';
  const most = words.reduce((sum, { length }) => sum + length + 1, 0) * MOST_BYTES_A_UNIT;
  if (most <= UNCOUNTED_BYTES) return most;
  const bytes = utf8Bytes(JSON.stringify(isText ? words.toSpliced(1, 1) : words));
  if (bytes <= REQUEST_BYTES) return bytes + (isText ? text.length : 0);
  throw new TidegateError('too_large', `a request of ${bytes} bytes is too large for Redis over HTTP`, {
    expected: `at most ${REQUEST_BYTES} bytes`,
  });
}
