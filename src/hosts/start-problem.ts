/** The answer to a request where the host could not be made. It is for platforms on which nobody sees a start fail. */
import type { TidegateError } from '../base/errors.ts';
import { jsonText } from '../base/plain.ts';
import { withSafeHeaders } from '../http/safe-headers.ts';

/** Names the variable that is wrong, and never its value. */
export function startProblem({ code, field, expected, hint }: TidegateError): Response {
  const title = 'The server is not configured';
  const body = { title, status: 500, code, field, expected, ...(hint === null ? {} : { hint }) };
  const headers = withSafeHeaders({ 'Content-Type': 'application/problem+json' }, false);
  return new Response(jsonText(body), { status: 500, headers });
}
