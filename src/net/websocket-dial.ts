/**
 * Opens WebSockets for feeds: wss at public addresses only, except for hosts that the caller names. The connection goes to
 * the address that was checked, where the platform can promise that. Redirects are not followed, so there is no second
 * address. It does not retry, and it does not judge what comes.
 */
import type { BurstContext, Opening } from '../declare/feed.ts';
import { TidegateError } from '../base/errors.ts';
import type { Runtime } from '../base/runtime.ts';
import { checkTarget, publicForm, resolveTarget } from './fetch-target.ts';
import { headerExpected } from './request-headers.ts';
import { retryAfterMs } from './retry-after.ts';
import { upgradeThrough } from './websocket-upgrade.ts';

const DEFAULT_MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

export function createWebSocketDial(
  runtime: Pick<Runtime, 'fetch' | 'now' | 'openWebSocket' | 'resolve'>,
): BurstContext['webSocket'] {
  const open = runtime.openWebSocket ?? upgradeThrough(runtime.fetch);
  return async (given, listener, signal): Promise<Opening> => {
    const { allow = [], headers = {}, protocols = [], maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES } = given;
    const url = checkTarget(given.url, allow, 'wss');
    for (const [name, value] of Object.entries(headers)) {
      const expected = headerExpected(name, value);
      if (expected === null) continue;
      const field = `headers.${name}`;
      throw new TidegateError('invalid_input', `${field} of a WebSocket cannot be sent`, { field, expected });
    }
    const addresses = await resolveTarget(url, allow, runtime.resolve);
    const request = { url: url.href, protocols, headers, addresses, maxMessageBytes };
    try {
      const opening = await open(request, listener, signal);
      if (opening.kind === 'open') return opening;
      return { ...opening, retryAfterMs: retryAfterMs(opening.retryAfter, runtime.now()) };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new TidegateError('upstream', `cannot connect to ${publicForm(url)}: ${reasonOf(error)}`, { cause: error });
    }
  };
}

/** The message of an error, or its code where it has none (a refusal at several addresses of one name). */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the connection failed';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return error.message || code || error.name;
}
