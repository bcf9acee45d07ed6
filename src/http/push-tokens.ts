/** Reads the tokens of an app's pushes from the environment, once. */
import type { App } from '../declare/app.ts';
import { TidegateError } from '../base/errors.ts';
import type { PushTokens } from './push.ts';

const LEAST_CHARACTERS = 16;
/** No others can be sent as a bearer token. */
const VISIBLE = /^[\x21-\x7E]*$/;

/**
 * @param variable reads a variable of the environment; null where it is not set
 * @throws TidegateError `invalid_config` naming a variable that is not set, too short to keep anyone out, or that no client can send.
 */
export function pushTokens(app: App, variable: (name: string) => string | null): PushTokens {
  const tokens = new Map<string, string>();
  for (const { name, push } of app.streams.values()) {
    const token = push?.token;
    if (token === undefined) continue;
    const value = variable(token.name);
    if (value === null || value.length < LEAST_CHARACTERS || !VISIBLE.test(value)) {
      const expected = `a token of at least ${LEAST_CHARACTERS} visible ASCII characters without spaces, for pushes to the stream ${name}`;
      throw new TidegateError('invalid_config', `${token.name}: expected ${expected}`, { field: token.name, expected });
    }
    tokens.set(name, token.form === null ? value : token.form(value));
  }
  return tokens;
}
