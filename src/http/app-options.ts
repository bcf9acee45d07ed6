/** What a host gives the HTTP app beside what serves MCP, and what the routes that it adds are made of. Types alone. */
import type { Hono, MiddlewareHandler } from 'hono';
import type { TidegateError } from '../base/errors.ts';
import type { Secrets } from '../base/seal.ts';
import type { Deps } from '../streams/deps.ts';
import type { Authenticate } from './authenticate.ts';
import type { BodyBounds } from './bodies/bodies.ts';
import type { Challenges } from './challenge.ts';
import type { ProtectedResource } from './documents/protected-resource.ts';
import type { OriginGuard, OriginOptions } from './origin.ts';
import type { PushNeeds } from './push-gate.ts';
import type { PushKeys } from './push-secrets.ts';
import type { PushTokens } from './push.ts';
import type { LoggedEnv } from './request-log.ts';

export type HttpApp = Hono<LoggedEnv>;

export interface HttpAppOptions extends OriginOptions {
  /** Largest body of a POST to `/mcp`; default 1 MiB. */
  bodyBytes?: number;
  /** Most requests to `/mcp` under way, where the host bounds them in no other way. Default 1,000. */
  requests?: number;
  /** What bodies that have not come whole may take together, and how long. Default: 32 MiB, 30 s. */
  bodies?: BodyBounds;
  /** The token of each stream that takes pushes. Default: no stream does. */
  pushTokens?: PushTokens;
  /** The keys of each stream that takes signed pushes. Default: no stream does. */
  pushKeys?: PushKeys;
  /** Asked before a request is looked at, its body too. An error that it answers refuses. Default: all are let through. */
  admit?: (request: Request) => Promise<TidegateError | null>;
  /** Who calls; default: everyone is the public principal. */
  authenticate?: Authenticate | undefined;
  /** Default `both`. */
  pushNeeds?: PushNeeds | undefined;
  /** What login cookies are sealed with. Default: nothing, and there are no logins. */
  secrets?: Secrets | null | undefined;
  /** How those are refused whose scopes do not reach. Default: without the place of an issuer's metadata. */
  challenges?: Challenges | undefined;
  /** Whose tokens are taken, for the documents that say so. Default null: no issuer's, and there are no such documents. */
  protectedResource?: ProtectedResource | null | undefined;
  /** What counts requests and answers `/metrics`, such as `createObserve` makes. Default: nothing does. */
  observe?: Observed | undefined;
  /** Adds further routes, such as those of `events`. Default: there are none. */
  mount?: (http: HttpApp, parts: RouteParts) => void;
}

/** What a route that serves data is made of. */
export interface RouteParts {
  guard: OriginGuard;
  /** Who calls; the request is counted here. */
  authenticate: Authenticate;
  /** Who calls, asked again of a request that stays open, which is counted already. */
  authenticateAgain: Authenticate;
  challenges: Challenges;
  /** Whether a caller's open streams are counted over all instances. */
  countsOpen: boolean;
  /** Nobody asks who calls. */
  isOpen: boolean;
  /** The address on which the server listens; null: it is not known. */
  host: string | null;
}

/** What a host observes of itself. */
export interface Observed {
  /** Sees each request, and writes its line. */
  log(runtime: Deps['runtime']): MiddlewareHandler<LoggedEnv>;
  /** The same, and it is noted who sends which request. */
  noting(authenticate: Authenticate): Authenticate;
  /** Adds its routes. */
  mount(http: HttpApp, deps: Deps, parts: RouteParts): void;
}
