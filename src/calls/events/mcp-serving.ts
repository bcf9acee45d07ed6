/** What stands between the HTTP server and what serves MCP, which know nothing of each other. `mcp/serve/endpoint.ts` makes it. */
import type { Principal } from '../../base/principal.ts';
import type { Work } from '../../store/work.ts';
import type { ServedAnswer } from '../served-answer.ts';
import type { PrincipalNow } from './rights-watch.ts';

export interface McpServing {
  /**
   * Answers one POST. `body` is its parsed JSON. Never rejects for what a client sent.
   * @param now who sent it by then, for what stays open; absent, null: nobody can tell
   */
  serve(
    request: Request,
    body: unknown,
    principal: Principal,
    work?: Work,
    now?: PrincipalNow | null,
  ): Promise<ServedAnswer>;
  /** The scopes that a message needs, all of them; those of a batch together. Each is told once. */
  needs(body: unknown): readonly string[] | Promise<readonly string[]>;
  /** Answers one GET, for a stream of a session of 2025-11-25 or before, as `serve`. Null: there are none. */
  open:
    | ((request: Request, principal: Principal, work?: Work, now?: PrincipalNow | null) => Promise<ServedAnswer>)
    | null;
  /** Answers one DELETE, which ends a session of 2025-11-25 or before, as `serve`. Null: there are none. */
  end: ((request: Request, principal: Principal) => Promise<ServedAnswer>) | null;
}
