/**
 * The way of a push into `POST /ingest/:stream`: by a token or as a known caller (`push-gate.ts`), or by its signature
 * (`signed-push.ts`). A request with `Authorization: Bearer` is judged by that alone. All of this is loaded with the first push,
 * because most instances never see one.
 */
import type { Deps } from '../streams/deps.ts';
import { type Authenticate, bearerOf } from './authenticate.ts';
import type { Bodies } from './bodies/bodies.ts';
import type { Challenges } from './challenge.ts';
import type { Edge } from './edge.ts';
import { createPushGate, type PushNeeds } from './push-gate.ts';
import { problemResponse } from './problem.ts';
import { type PushKeys, signedBy } from './push-secrets.ts';
import { createPushRoute, type PushRoute, type PushTokens } from './push.ts';
import type { CountRequest } from './request-limit.ts';

interface PushEntranceOptions {
  bodies: Bodies;
  tokens: PushTokens;
  keys: PushKeys;
  needs: PushNeeds;
  authenticate: Authenticate | undefined;
  challenges: Challenges | undefined;
  /** Counts the pushes of each caller. Null: nobody does. */
  count: CountRequest | null;
}

/** @param store counts its calls on the account of the request */
export type PushEntrance = (request: Request, stream: string, store: Deps['store'], edge: Edge) => Promise<Response>;

export function createPushEntrance(deps: Deps, options: PushEntranceOptions): PushEntrance {
  const { app, runtime } = deps;
  const { bodies, keys, needs, authenticate } = options;
  const route = createPushRoute(deps, bodies);
  const push: PushRoute = async (request, name, principal, ...more) => {
    const refusal = await options.count?.(principal);
    return refusal ? problemResponse(refusal) : route(request, name, principal, ...more);
  };
  const mayPush = createPushGate({ ...options, app, log: runtime.log, audit: deps.audit });
  return async (request, name, store, edge) => {
    const ways = bearerOf(request) === null ? signedBy(request.headers) : [];
    if (ways.length > 0) {
      const caller = authenticate && needs === 'both' ? await authenticate(request) : null;
      if (caller instanceof Response) return caller;
      const { takeSignedPush } = await import('./signed-push.ts');
      return takeSignedPush({ keys, bodies, push, runtime, audit: deps.audit }, { request, name, ways, store, edge });
    }
    const principal = await mayPush(request, name);
    return principal instanceof Response ? principal : push(request, name, principal, store, edge);
  };
}
