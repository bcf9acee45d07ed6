/**
 * The seam between a credential and a principal. A way to find out who calls (keys, tokens of an issuer) is one
 * `Identifier`; `http/authenticate.ts` takes the credential from the request and asks the first that takes its form.
 */
import type { Principal } from '../base/principal.ts';

export interface Identifier {
  /** Its name in `AUTH`. */
  mode: 'keys' | 'oauth';
  /** Whether a credential has the form of this way. The first that says so decides, and no other is asked. */
  takes(credential: string): boolean;
  /**
   * Who brings it. It never lets through what it could not check. It is answered at once where nothing has to be waited for, and the
   * principal of a credential that is kept is the same object each time, which nobody can change.
   * @throws TidegateError (at once or by the promise) `store_unavailable`, `upstream` or `overloaded` where that cannot be found out
   * now: the request is refused with 503
   */
  identify(credential: string): Identified | Promise<Identified>;
}

export type Identified =
  | { ok: true; principal: Principal }
  /**
   * `reason` is for the log of the operator. `told` is what the caller may hear of it: of a credential that was found genuine and does not
   * let in, or of its form alone. Both have nothing of the credential.
   */
  | { ok: false; error: 'invalid_token'; reason: string; told?: string };
