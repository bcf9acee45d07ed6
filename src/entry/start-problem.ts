/** The answer to a request whose host could not be put together, on platforms where nobody sees a start fail. */
import type { TidegateError } from '../core/errors.ts';

/** Names the variable that is wrong, and never its value. */
export function startProblem({ code, field, expected }: TidegateError): Response {
  const body = JSON.stringify({ title: 'The server is not configured', status: 500, code, field, expected });
  return new Response(body, { status: 500, headers: { 'Content-Type': 'application/problem+json' } });
}
