/** Who calls, and what a request brings. Types alone: the edge makes one for each request. */
import type { McpLogLevel } from '../declare/context.ts';
import type { Json } from '../base/json.ts';
import type { JsonObject } from '../base/json.ts';
import type { Principal } from '../base/principal.ts';
import type { Account } from '../store/counting.ts';
import type { Retry } from './request-state.ts';

/** Made by the edge for each request; its functions do nothing where the caller did not ask. */
export interface Caller {
  principal: Principal;
  /** What the request asks of the store goes on it. */
  account: Pick<Account, 'store'>;
  /** Aborts when the caller went away. */
  signal: AbortSignal;
  /** Epoch ms by which an answer has to be there. */
  deadline: number;
  /** What the client declared of itself; null where the protocol version does not say. */
  clientCapabilities: JsonObject | null;
  /** What it brings of an earlier round, where it was asked something; null: nothing. */
  retry: Retry | null;
  /** What else came beside the request: `_meta`, without what belongs to the protocol. */
  meta: Readonly<Record<string, unknown>>;
  log: (level: McpLogLevel, data: Json, logger?: string) => void;
  progress: (progress: number, total?: number, message?: string) => void;
  emit: (partial: Json) => void;
}
