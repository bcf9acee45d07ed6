/**
 * An answer to a message of MCP, with what the log reports of it. Types alone: the protocol makes one for the route.
 */
import type { Account } from '../store/counting.ts';

export interface ServedAnswer {
  response: Response;
  /** The message's method, and the name of the tool, prompt or resource that it asks for. */
  asked: { mcp: string; name?: string };
  account: Pick<Account, 'spent'>;
  /** Resolves when the message's handlers are done, where the answer is streamed while they work; else null. */
  ended: Promise<unknown> | null;
}
