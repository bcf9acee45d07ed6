/** What deliveries work with. What other rooms know is passed in: which sources a caller has, what it may do now, how a task begins. */
import type { Json } from '../../base/json.ts';
import type { Principal } from '../../base/principal.ts';
import type { Sealer } from '../../base/seal.ts';
import type { EventSource } from '../../streams/sources/sources.ts';
import type { Deps } from '../../streams/deps.ts';

export interface DeliveryDeps extends Deps {
  /** Seals what is kept of secrets. Null: there is no secret of the server, and nothing that is signed can be subscribed to. */
  sealer: Sealer | null;
  /** What the principal may subscribe to, by name. */
  sourcesOf(principal: Pick<Principal, 'scopes'>): ReadonlyMap<string, EventSource>;
  /** The principal with what it may do now; null: nothing any more. Absent: nobody can tell, and what it last had counts. */
  rightsOf?: ((principal: Principal) => Promise<Principal | null>) | undefined;
  /** Whether `rightsOf` asks what the principal may do by then, so that it may subscribe without an end. Absent: of nobody. */
  isAskedAgain?: ((principal: Pick<Principal, 'client'>) => boolean) | undefined;
  /**
   * Checks that the principal may begin a task of the app, and that it may take events of the source. Absent: nobody begins tasks.
   * @throws TidegateError `not_found`; `not_supported` for a task that asks before it begins; `invalid_input` for one that no event fits
   */
  checkTask?: ((principal: Principal, task: string, source: EventSource) => void) | undefined;
  /** Begins a task, once for each `once`. @throws TidegateError as beginning a task; `invalid_input` for what the task does not take */
  beginTask?:
    | ((principal: Principal, task: string, input: Json, once: string, deadline: number) => Promise<void>)
    | undefined;
}
