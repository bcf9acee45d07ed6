/**
 * Requests of 2025-11-25 and before that are at work. That revision says: "Disconnection SHOULD NOT be interpreted as the
 * client cancelling its request." So what a request began goes on to its end, or to its deadline, although nobody reads the
 * answer; by itself the SDK would abort its handler. A cancellation comes as a message of its own, and finds no request
 * without a session.
 */
import type { PerRequestHTTPServerTransport } from '@modelcontextprotocol/server';

export interface UnderWay {
  /** Lets the exchange end with its answer alone. Has to be called before a server is connected. */
  begin(transport: PerRequestHTTPServerTransport): void;
  /** Ends all that are at work, because the host ends. */
  close(): Promise<void>;
}

/** Requests whose clients may go away at a time. Whatever comes beyond ends with its client. */
const MOST_OUTLIVING = 250;

/** @param outlivesClients false: what is at work ends with its client, because the platform would stop it midway */
export function createUnderWay(outlivesClients: boolean): UnderWay {
  const ends = new Set<() => Promise<void>>();
  return {
    begin(transport) {
      if (!outlivesClients || ends.size >= MOST_OUTLIVING) return;
      const send = transport.send.bind(transport);
      const end = transport.close.bind(transport);
      ends.add(end);
      transport.send = (message, options) => {
        if (!('method' in message)) ends.delete(end);
        return send(message, options);
      };
      transport.close = () => (ends.has(end) ? Promise.resolve() : end());
    },
    async close() {
      const open = [...ends];
      ends.clear();
      await Promise.all(open.map((end) => end()));
    },
  };
}
