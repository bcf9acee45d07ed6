/**
 * Sends requests through AWS's client, whose own retries are off. A request that DynamoDB refused without effect is sent
 * again, with full jitter, until its time is up. A request that may take effect twice without harm is sent again a few
 * times when its connection breaks, because connections that an instance kept while it was frozen may be gone. All other
 * errors are thrown at once, since only the holder of a commit's id may repeat what may have taken effect.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { backoff } from '../../base/backoff.ts';
import type { Runtime } from '../../base/runtime.ts';
import { isConnectionLost, isInternal, isRefused, toTidegateError } from './errors.ts';

const PAUSES = { firstMs: 20, mostMs: 1_000 };
/** How many broken connections in a row a repeatable call survives. */
const MOST_BROKEN = 3;

export interface DynamoAccess {
  table: string;
  /** Null: AWS's client finds it in the platform's way (Node only). */
  region: string | null;
  /** Null: AWS's own endpoint of the region. */
  endpoint: string | null;
  /** Null: AWS's client finds them in the platform's way (Node only). */
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | null;
}

export type DynamoClock = Pick<Runtime, 'now' | 'random' | 'sleep' | 'afterTurn'>;
type Request<Output> = (client: DynamoDBClient, options: { abortSignal: AbortSignal }) => Promise<Output>;

export interface DynamoCall {
  /** When the call has to end, epoch ms by the runtime's clock. Default: `timeoutMs` from now. */
  until?: number;
  /**
   * Whether the request may take effect twice. If not, an internal error of the engine and a broken connection are
   * thrown at once. Default true.
   */
  repeatable?: boolean;
}

export interface DynamoClient {
  readonly table: string;
  /** When a call that begins now has to end: the time limit of this client from now, or `mostMs` where that is less. */
  until(mostMs?: number): number;
  /** @throws what the client threw; TidegateError `store_unavailable` when the time is up before it could be sent. */
  send<Output>(request: Request<Output>, call?: DynamoCall): Promise<Output>;
  /** As `send`, but repeats after broken connections too, and throws TidegateErrors only. */
  ask<Output>(request: Request<Output>, call?: DynamoCall): Promise<Output>;
  /**
   * Waits before the next try.
   * @param attempt 0 before the second try
   * @throws TidegateError for `reason`, where the time would be up
   */
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
          if (!repeatable || !isConnectionLost(error) || broken >= MOST_BROKEN) throw toTidegateError(error, table);
          await pause(broken, until, error);
        }
      }
    },
    pause,
    observed: (observer) => sendingThrough(client, table, clock, timeoutMs, observer),
    close: () => client.destroy(),
  };
}
