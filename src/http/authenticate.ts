/**
 * Finds out who sends a request. Every route that serves data asks once, before it reads a body, and passes the
 * principal on. Nothing below the routes finds out for itself.
 */
import { type Principal, PUBLIC } from '../base/principal.ts';

/** Answers who sends the request, or the response that refuses it. It may read headers and the URL, never the body. */
export type Authenticate = (request: Request) => Principal | Response | Promise<Principal | Response>;

/** Without authentication: whoever calls is the public principal. */
export const openToEveryone: Authenticate = () => PUBLIC;
