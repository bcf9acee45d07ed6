/**
 * Sends requests through AWS's client, its own retries off. A request that DynamoDB refused without effect is sent again,
 * with full jitter, inside its time, and a few times one whose connection broke where that harms nothing: connections that
 * an instance kept while it was frozen may be gone. Whatever else goes wrong is thrown at once, since only the holder of a
 * commit's id may repeat what may have taken effect.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { backoff } from '../../base/backoff.ts';
import type { Runtime } from '../../base/runtime.ts';
import { isBroken, isInternal, isRefused, toTidegateError } from './dynamodb-errors.ts';

const PAUSES = { firstMs: 20, mostMs: 1_000 };
/** Broken connections, one after the other, that a call which harms nothing gets over. */
const MOST_BROKEN = 3;

export interface DynamoAccess {
  table: string;
  /** Null: the platform's own way to find it (Node only). */
  region: string | null;
  /** Null: AWS's endpoint of the region. */
  endpoint: string | null;
  /** Null: the platform's own way to find them (Node only). */
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | null;
}

export type DynamoClock = Pick<Runtime, 'now' | 'random' | 'sleep'>;
export type Request<Output> = (client: DynamoDBClient, options: { abortSignal: AbortSignal }) => Promise<Output>;

export interface DynamoCall {
  /** By the runtime's clock, epoch ms. Default: in `timeoutMs`. */
  until?: number;
  /** Whether the request may take effect twice: if not, an internal error of the engine, or of the way there, is thrown at once. Default true. */
  repeatable?: boolean;
}

export interface DynamoClient {
  readonly table: string;
  /** The moment by which a call that begins now ends, at most `mostMs` away. */
  until(mostMs?: number): number;
  /** @throws what the client threw; TidegateError `store_unavailable` when the time is up before it could be sent. */
  send<Output>(request: Request<Output>, call?: DynamoCall): Promise<Output>;
  /** As `send`, over broken connections too, and throws TidegateErrors only. */
  ask<Output>(request: Request<Output>, call?: DynamoCall): Promise<Output>;
  /** Waits a moment before try `attempt + 1`. @throws TidegateError for `reason`, where the time would be up. */
  pause(attempt: number, until: number, reason: unknown): Promise<void>;
  /** The same client, which calls `onRequest` before each request that it sends. */
  observed(onRequest: () => void): DynamoClient;
  close(): void;
}

export function createDynamoClient(access: DynamoAccess, clock: DynamoClock, timeoutMs: number): DynamoClient {
  const client = new DynamoDBClient({
    maxAttempts: 1,
    ...(access.region === null ? {} : { region: access.region }),
    ...(access.endpoint === null ? {} : { endpoint: access.endpoint }),
    ...(access.credentials === null ? {} : { credentials: access.credentials }),
  });
  return sendingThrough(client, access.table, clock, timeoutMs, () => {});
}

function sendingThrough(
  client: DynamoDBClient,
  table: string,
  clock: DynamoClock,
  timeoutMs: number,
  onRequest: () => void,
): DynamoClient {
  async function pause(attempt: number, until: number, reason: unknown): Promise<void> {
    const ms = backoff(PAUSES, attempt, clock.random());
    if (clock.now() + ms >= until) throw toTidegateError(reason, table);
    await clock.sleep(ms);
  }

  const untilOf = (mostMs = timeoutMs) => clock.now() + Math.min(mostMs, timeoutMs);

  async function send<Output>(request: Request<Output>, call: DynamoCall = {}): Promise<Output> {
    const { until = untilOf(), repeatable = true } = call;
    for (let attempt = 0; ; attempt += 1) {
      const leftMs = until - clock.now();
      if (leftMs <= 0) throw toTidegateError(new Error('its time was up before it was sent'), table);
      try {
        onRequest();
        return await request(client, { abortSignal: AbortSignal.timeout(Math.ceil(leftMs)) });
      } catch (error) {
        if (!isRefused(error) && !(repeatable && isInternal(error))) throw error;
        await pause(attempt, until, error);
      }
    }
  }

  return {
    table,
    until: untilOf,
    send,
    async ask(request, { until = untilOf(), repeatable = true } = {}) {
      for (let broken = 0; ; broken += 1) {
        try {
          return await send(request, { until, repeatable });
        } catch (error) {
          if (!repeatable || !isBroken(error) || broken >= MOST_BROKEN) throw toTidegateError(error, table);
          await pause(broken, until, error);
        }
      }
    },
    pause,
    observed: (observer) => sendingThrough(client, table, clock, timeoutMs, observer),
    close: () => client.destroy(),
  };
}
