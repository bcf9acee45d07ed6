/** What asking needs of a session and of the streams of its answers. Types alone. */
import type { JSONRPCMessage, JSONRPCNotification, JSONRPCRequest } from '@modelcontextprotocol/server';
import type { Principal } from '../../base/principal.ts';
import type { Operation, Store } from '../../store/store.ts';

/** For whom the store is called, and how long that may take. */
export interface AskingCall {
  principal: Principal;
  account: { store: Store };
  /** Epoch ms. */
  deadline: number;
}

/** The answer to one request of a client, where this instance has its connection. */
export interface AskedStream {
  /** Unique in the session. */
  readonly id: string;
  /** Sends it if the connection is open, and never keeps it. */
  notify(message: JSONRPCNotification): void;
  /** Keeps requests of the server in the store, then sends them. */
  ask(requests: readonly JSONRPCRequest[]): Promise<void>;
  /** Delivers what other instances keep for this stream, until the response came or `deadline` (epoch ms). */
  follow(deadline: number): Promise<'answered' | 'time' | 'gone'>;
}

/** For an instance that does not have the connection: the one that has it delivers what is kept. */
export interface StreamMessages {
  /**
   * Keeps messages for a stream, together with `also`, or nothing of both.
   * @returns false: an operation of `also` met another state of the store
   */
  keep(
    session: string,
    stream: string,
    messages: readonly JSONRPCMessage[],
    call: AskingCall,
    also?: readonly Operation[],
  ): Promise<boolean>;
}
