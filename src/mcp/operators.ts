/**
 * The tools of operators, loaded when the first caller comes to whom `admin` was given by name, so that no start and no other caller
 * pays for them. The name in the scopes counts: where nobody is restricted, nobody is an operator by that.
 */
import type { Principal } from '../base/principal.ts';
import { isOperator } from '../base/scopes.ts';
import { whenKnown } from '../base/time/when-known.ts';
import type { WorkDeps } from '../calls/events/delivery-deps.ts';
import type { Tool } from '../declare/tool.ts';

export type OperatorTools = (deps: WorkDeps) => Readonly<Record<string, Tool>>;

/** What a host is given for operators, as `async () => (await import('tidegate/operate')).operatorTools`. */
export type LoadOperators = () => Promise<OperatorTools>;

/** Filled before the first operator's request goes on. */
export interface Operators {
  tools: OperatorTools | null;
}

type Found = Principal | Response;

interface Callers {
  operators?: LoadOperators;
  authenticate?: ((request: Request) => Found | Promise<Found>) | undefined;
}

/** The same options, where an operator's request waits until the tools are there. */
export function withOperators<Options extends Callers>(options: Options): Options & { operating?: Operators } {
  const { operators: load, authenticate } = options;
  if (!load || !authenticate) return options;
  const operating: Operators = { tools: null };
  const isAwaited = (found: Found) => operating.tools === null && !(found instanceof Response) && isOperator(found);

  async function loaded(found: Found, get: LoadOperators): Promise<Found> {
    operating.tools ??= await get();
    return found;
  }

  return {
    ...options,
    operating,
    authenticate: (request: Request) =>
      whenKnown(authenticate(request), (found) => (isAwaited(found) ? loaded(found, load) : found)),
  };
}
