/** What one try to deliver comes to. Types alone. */
import type { DeliveryFailure } from '../records/subscription.ts';

/** What became of one try. */
export interface Tried {
  outcome: 'acknowledged' | 'refused' | 'too_large' | DeliveryFailure;
  /** The receiver asked to be left alone for so long, ms; null: it did not. */
  retryAfterMs: number | null;
  /** How long the try took, ms. */
  ms: number;
  /** Why it can never be taken, in words of this server. Absent: nobody here knows. */
  why?: string;
}

/** What an error of `subscribe` has as its cause where the receiver did not confirm. */
export interface CallbackCause {
  callback: DeliveryFailure;
}
