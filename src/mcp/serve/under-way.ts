/**
 * Requests of 2025-11-25 and before that are at work. That revision says: "Disconnection SHOULD NOT be interpreted as the
 * client cancelling its request." So what a request began goes on to its end, or to its deadline, although nobody reads the
 * answer. A cancellation comes as a message of its own, and finds requests of its own session alone.
 */
import type { GivenUp } from '../sessions/answer-stream.ts';

export interface UnderWay {
  /** @param work what is at work; it is closed where it must not go on */
  begin(work: AtWork): AtWorkHandle;
  /** Gives up the requests of a session that have this id. False: none is at work here. */
  cancel(session: string, id: string | number): boolean;
  /** Ends all that are at work, because the host ends. */
  close(): Promise<void>;
}

interface AtWork {
  id: string | number;
  /** Null: it has none, and cannot be cancelled by a message. */
  session: string | null;
  /** Ends the handler, and the answer without a response. */
  close(why: GivenUp): Promise<void>;
}

interface AtWorkHandle {
  /** The client went away. What may not outlive it is closed. */
  gone(): void;
  /** It was answered, or closed. */
  done(): void;
}

/** Requests whose clients may go away at a time. Whatever comes beyond ends with its client. */
const MOST_OUTLIVING = 250;

/** @param outlivesClients false: what is at work ends with its client, because the platform would stop it midway */
export function createUnderWay(outlivesClients: boolean): UnderWay {
  const all = new Set<AtWork>();
  const outliving = new Set<AtWork>();
  return {
    begin(work) {
      all.add(work);
      if (outlivesClients && outliving.size < MOST_OUTLIVING) outliving.add(work);
      return {
        gone() {
          if (all.has(work) && !outliving.has(work)) void work.close('gone');
        },
        done() {
          all.delete(work);
          outliving.delete(work);
        },
      };
    },
    cancel(session, id) {
      const meant = [...all].filter((work) => work.session === session && work.id === id);
      for (const work of meant) void work.close('cancelled');
      return meant.length > 0;
    },
    async close() {
      await Promise.all([...all].map((work) => work.close('ending')));
    },
  };
}
