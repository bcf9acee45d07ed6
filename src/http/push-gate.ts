/**
 * Who may push to a stream. A stream's own token is the credential of that stream and of nothing else. Where callers are known by
 * keys or tokens, those with the scope to publish to the stream may push as well. It reads headers, never the body.
 *
 * A token of a push is compared before anybody else is asked, so that none is sent on to an issuer. Who brings that of another
 * stream hears which streams take pushes; to anybody else a wrong token and a stream that takes none are answered alike, and
 * the log says which it was.
 */
import { sameBytes, sha256 } from '../base/digest.ts';
import type { Audit } from '../streams/audit.ts';
import { TidegateError } from '../base/errors.ts';
import { knownName } from '../base/known-names.ts';
import type { Principal } from '../base/principal.ts';
import type { Log } from '../base/runtime.ts';
import { isGranted, publishScope } from '../base/scopes.ts';
import type { App } from '../declare/app.ts';
import { type Authenticate, bearerOf, pusherOf } from './authenticate.ts';
import { type Challenges, createChallenges } from './challenge.ts';
import { problemResponse, unauthorizedResponse } from './problem.ts';
import type { PushKeys } from './push-secrets.ts';
import type { PushTokens } from './push.ts';

const SHOWN_CHARACTERS = 64;

/** Answers whose push it is, or the response that refuses it. */
type PushGate = (request: Request, stream: string) => Promise<Principal | Response>;

/**
 * What a push needs where callers are known. `either`: the stream's token, or a caller with the scope to publish to it. `both`:
 * a caller whom `authenticate` lets through, and the stream's token.
 */
export type PushNeeds = 'either' | 'both';

interface PushGateOptions {
  app: App;
  tokens: PushTokens;
  /** Of streams that take signed pushes, which are let in elsewhere (`signed-push.ts`). Default: no stream does. */
  keys?: PushKeys;
  log: Log;
  audit?: Audit | undefined;
  /** Absent: callers are not known, and the token of the stream is all that lets in. */
  authenticate?: Authenticate | undefined;
  needs: PushNeeds;
  challenges?: Challenges | undefined;
}

export function createPushGate(options: PushGateOptions): PushGate {
  const { app, tokens, keys = new Map(), audit, authenticate, needs, log, challenges = createChallenges() } = options;
  const takers = new Set([...tokens.keys(), ...keys.keys()]);

  async function refuse(given: string | null, name: string): Promise<Response> {
    const reason = takers.has(name) ? wrongToken(given, tokens.has(name)) : notTakenReason(name, app);
    log('info', `a push is refused: ${reason}`, { stream: name.slice(0, SHOWN_CHARACTERS) });
    await audit?.refused(null, { target: 'push', code: 'unauthorized' });
    return (await mayKnow(given, name))
      ? problemResponse(notTaken(name, app, takers))
      : unauthorizedResponse(given !== null);
  }

  /** Whether the caller may hear of streams: where no stream takes pushes there is nothing to guess, and a token is a proof. */
  async function mayKnow(given: string | null, name: string): Promise<boolean> {
    return !takers.has(name) && (takers.size === 0 || isAnyToken(given, tokens));
  }

  async function byScope(request: Request, name: string): Promise<Principal | Response> {
    const caller = await (authenticate as Authenticate)(request);
    if (caller instanceof Response) return caller;
    const needed = publishScope(name);
    if (!isGranted(caller.scopes, needed)) {
      await audit?.refused(caller, { target: 'push', code: 'insufficient_scope' });
      return challenges.insufficientScope(request, [needed]);
    }
    return app.streams.has(name) && takers.has(name) ? caller : problemResponse(notTaken(name, app, takers));
  }

  return async (request, name) => {
    const given = bearerOf(request);
    const isOwn = (await isToken(given, tokens.get(name))) && app.streams.has(name);
    if (authenticate && needs === 'both') {
      const caller = await authenticate(request);
      return isOwn || caller instanceof Response ? caller : refuse(given, name);
    }
    if (isOwn) return pusherOf(name);
    if (!authenticate || (await isAnyToken(given, tokens))) return refuse(given, name);
    return byScope(request, name);
  };
}

/** Takes the same time for every wrong token, and where there is no token to compare with. */
async function isToken(given: string | null, expected: string | undefined): Promise<boolean> {
  const [left, right] = await Promise.all([sha256(given ?? ''), sha256(expected ?? '')]);
  const isSame = sameBytes(left, right);
  return given !== null && expected !== undefined && isSame;
}

async function isAnyToken(given: string | null, tokens: PushTokens): Promise<boolean> {
  return (await Promise.all([...tokens.values()].map((token) => isToken(given, token)))).includes(true);
}

function notTakenReason(name: string, app: App): string {
  return app.streams.has(name) ? 'the stream declares no push' : 'there is no such stream';
}

/** What is wrong with a push to a stream that takes some, for the log of the operator. */
function wrongToken(given: string | null, takesToken: boolean): string {
  if (!takesToken) return 'it is not signed, and the stream takes no token';
  return given === null ? 'it brings no Bearer token' : 'its token is not the one of the stream';
}

function notTaken(name: string, app: App, takers: ReadonlySet<string>): TidegateError {
  const shown = name.slice(0, SHOWN_CHARACTERS);
  const title = app.streams.has(name) ? `The stream ${shown} takes no pushes` : `There is no stream ${shown}`;
  const expected = knownName(shown, [...takers], 'streams that take pushes');
  const hint = 'a stream takes pushes where it declares push: { token: secret(…) }';
  return new TidegateError('not_found', title, { field: 'stream', expected, hint });
}
