/** Asks of a stream that stays open what its next request would be answered: whether who reads it still may. */
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import type { Principal } from '../../base/principal.ts';
import type { Authenticate } from '../authenticate.ts';
import { problemResponse } from '../problem.ts';
import type { AskedSource, Readable, ReadableSource } from './readable.ts';

/** As whom and what a stream was opened. */
interface Opened {
  principal: Principal;
  source: ReadableSource;
}

/**
 * Answers the response that refuses it now; null: who reads still may, or that cannot be found out now. Who may read fewer alarms than
 * when the stream was opened is refused too, and gets those when it comes back.
 */
export function createRecheck(readable: Readable, authenticate: Authenticate) {
  return async (request: Request, asked: AskedSource, opened: Opened): Promise<Response | null> => {
    const principal = await authenticate(request);
    if (principal instanceof Response) return refusedForGood(principal);
    const { tenant, subject } = opened.principal;
    if (principal.tenant !== tenant || principal.subject !== subject) return problemResponse(changed());
    try {
      const source = await readable(request, principal, asked);
      if (source instanceof Response) return refusedForGood(source);
      return opened.source.alarmsOf.every((name) => source.alarmsOf.includes(name)) ? null : problemResponse(changed());
    } catch (thrown) {
      return refusedForGood(problemResponse(asTidegateError(thrown)));
    }
  };
}

/** Null: it is not known, and asked again. */
function refusedForGood(refusal: Response): Response | null {
  return refusal.status >= 500 || refusal.status === 429 ? null : refusal;
}

function changed(): TidegateError {
  return new TidegateError('not_supported', 'What this caller may read has changed', {
    hint: 'come back: a new stream tells what may be read now',
  });
}
