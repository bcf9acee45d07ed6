/** What of a session says to which resources its client is subscribed: each URI as the client wrote it, since it is told by that. Pure. */
import { TidegateError } from '../../base/errors.ts';
import { normalUri } from '../../base/uri.ts';
import type { KeptSession } from './sessions.ts';

/** Most resources of one session, and most characters of their URIs together: they are read with each of its requests. */
const MOST_SUBSCRIBED = 100;
const SUBSCRIBED_CHARACTERS = 16_384;

/** By its URI, since when each is subscribed to, epoch ms. */
export function subscribedIn({ subscribed = [] }: KeptSession): ReadonlyMap<string, number> {
  return new Map(subscribed.map(({ uri, at }) => [uri, at]));
}

/** @throws TidegateError `invalid_input` where they would be too many */
export function withUri(kept: KeptSession, uri: string, at: number): KeptSession {
  const { subscribed = [] } = kept;
  if (subscribed.some((one) => one.uri === uri)) return kept;
  const next = [...subscribed, { uri, at }];
  const characters = next.reduce((sum, one) => sum + one.uri.length, 0);
  if (next.length > MOST_SUBSCRIBED || characters > SUBSCRIBED_CHARACTERS) throw tooMany();
  return { ...kept, subscribed: next };
}

/** Takes a resource back in whichever spelling it was subscribed to. @returns `kept` itself where it was not */
export function withoutUri(kept: KeptSession, uri: string): KeptSession {
  const { subscribed: standing = [] } = kept;
  const name = normalUri(uri);
  const subscribed = standing.filter((one) => normalUri(one.uri) !== name);
  if (subscribed.length === standing.length) return kept;
  return { ...kept, subscribed: subscribed.length === 0 ? undefined : subscribed };
}

function tooMany(): TidegateError {
  return new TidegateError('invalid_input', 'The session is subscribed to too many resources', {
    field: 'params.uri',
    expected: `at most ${MOST_SUBSCRIBED} resources of a session, whose URIs have at most ${SUBSCRIBED_CHARACTERS} characters together`,
    hint: 'unsubscribe from some of them, or subscribe to the resource of a whole stream',
  });
}
