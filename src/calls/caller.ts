/** Who calls, and what the request brings. Types alone. */
import type { McpLogLevel } from '../declare/context.ts';
import type { Json } from '../base/json.ts';
import type { JsonObject } from '../base/json.ts';
import type { Principal } from '../base/principal.ts';
import type { Account } from '../store/counting.ts';
import type { Retry } from './request-state.ts';

/** The edge makes one for each request. Its functions do nothing where the client did not ask for what they send. */
export interface Caller {
  principal: Principal;
  /** Counts the request's calls to the store. */
  account: Pick<Account, 'store'> & Partial<Pick<Account, 'work'>>;
  /** Aborts when the client has gone. */
  signal: AbortSignal;
  /** Epoch ms by which the request has to be answered. */
  deadline: number;
  /** The capabilities that the client declared. Null: its protocol version does not say. */
  clientCapabilities: JsonObject | null;
  /** The answers to questions of an earlier round. Null: the request is no retry. */
  retry: Retry | null;
  /** `_meta` of the request, without the members of the protocol. */
  meta: Readonly<Record<string, unknown>>;
  log: (level: McpLogLevel, data: Json, logger?: string) => void;
  progress: (progress: number, total?: number, message?: string) => void;
  emit: (partial: Json) => void;
}
