/** Bounds how many streams of one caller stay open, over all instances, of what serves MCP. */
import type { TidegateError } from '../base/errors.ts';
import type { StreamBounds } from '../calls/bounds/open-streams.ts';
import type { McpServing } from '../calls/events/mcp-serving.ts';
import type { Deps } from '../streams/deps.ts';
import { refusedForNow } from './mcp-refusals.ts';

/** What bounds streams is loaded with the first message, since a server without authentication bounds none. */
export function withStreamBounds(deps: Deps & { mcp: McpServing }): McpServing {
  const { mcp } = deps;
  const { open } = mcp;
  /** A promise, so that messages that come at once are counted together. */
  let bounds: Promise<StreamBounds> | null = null;
  const load = () => {
    bounds ??= import('../calls/bounds/open-streams.ts').then(({ createStreamBounds }) =>
      createStreamBounds(deps, refusedMessage),
    );
    return bounds;
  };
  return {
    ...mcp,
    async serve(request, body, principal, ...more) {
      const serve = () => mcp.serve(request, body, principal, ...more);
      const { mayStay, bounded } = await load();
      return mayStay(body) ? bounded(principal, body, serve) : serve();
    },
    open:
      open &&
      (async (request, principal, ...more) => {
        const { bounded } = await load();
        return bounded(principal, null, () => open(request, principal, ...more));
      }),
  };
}

const refusedMessage = (error: TidegateError, message: unknown) => refusedForNow(error, undefined, message);
