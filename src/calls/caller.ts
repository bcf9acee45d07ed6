/** Who calls, and what the request brings. Types alone. */
import type { WireRequest } from '../declare/ask.ts';
import type { McpLogLevel } from '../declare/context.ts';
import type { Json } from '../base/json.ts';
import type { JsonObject } from '../base/json.ts';
import type { Principal } from '../base/principal.ts';
import type { Account } from '../store/counting.ts';
import type { Retry } from './request-state.ts';

/** What is known of the client of a request of 2025-11-25 or before, and what reaches it beside the answer. */
export interface LegacyClient {
  /** The protocol version that was agreed on. */
  version: string;
  /** The id of its session; null: it has none. */
  session: string | null;
  /** Whether it is known who calls: by authentication, or because it started this process. */
  isKnown: boolean;
  /** What it declared that it can be asked. Null: nothing. */
  askable: JsonObject | null;
  /** Aborts when nobody reads the answer any more, although the request goes on. */
  gone: AbortSignal;
  /** Sends a notification ahead of the answer, where the client takes any. */
  notify(method: string, params: object): void;
  /**
   * Sends a request of the server ahead of the answer. Null: this client cannot be asked here.
   * @param key names the question in what the client answers
   * @returns what the client answered; null: the answer comes as a message of its own
   */
  ask: ((request: WireRequest, key: string, signal: AbortSignal) => Promise<unknown>) | null;
}

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
  /** Absent: the request is of 2026-07-28. */
  legacy?: LegacyClient;
  /** The call is answered by a task of 2025-11-25. Absent: it is not. */
  asTask?: true;
  /** Ends the connection of a caller that comes back for the answer. Absent: it does not. */
  leave?: (() => void) | undefined;
}
