/**
 * Who may read metrics and details of health: who brings the METRICS_TOKEN; a caller of the app's own tenant to
 * whom the scope `admin` or `admin:read` was given by name, since they tell of all tenants; and where nobody is asked who calls and no token is set,
 * everyone on this machine, if no other reaches it.
 */
import { sameBytes, sha256 } from '../../base/digest.ts';
import { plainText } from '../../base/plain.ts';
import { isLoopback, readHostname } from '../../base/config/origins.ts';
import { APP_TENANT } from '../../base/principal.ts';
import { ADMIN_READ, isOperator } from '../../base/scopes.ts';
import type { RouteParts } from '../app-options.ts';
import { bearerOf } from '../authenticate.ts';
import { refusedResponse } from '../problem.ts';

/** Null: the caller may. */
export type Guard = (request: Request) => Promise<Response | null>;

export function createGuard(token: string | null, parts: RouteParts): Guard {
  const { authenticate, challenges, isOpen, host } = parts;
  const isLocal = host !== null && isLoopback(readHostname(host) ?? '');
  return async (request) => {
    const given = bearerOf(request);
    if (token !== null && given !== null && (await isSame(given, token))) return null;
    if (isOpen) {
      if (token !== null) return challenges.unauthorized(request, given !== null);
      return isLocal ? null : refusedResponse(closed());
    }
    const caller = await authenticate(request);
    if (caller instanceof Response) return caller;
    if (caller.tenant !== APP_TENANT && isOperator(caller)) return refusedResponse(ofOneTenant(caller.tenant));
    return caller.tenant === APP_TENANT && isOperator(caller)
      ? null
      : challenges.insufficientScope(request, [ADMIN_READ]);
  };
}

async function isSame(given: string, token: string): Promise<boolean> {
  const [left, right] = await Promise.all([sha256(given), sha256(token)]);
  return sameBytes(left, right);
}

/** No scope would help. */
function ofOneTenant(tenant: string) {
  return {
    message: `This tells of all tenants, and the key or token is of the tenant ${plainText(tenant)}`,
    field: 'Authorization',
    expected: `a key or token of the tenant ${APP_TENANT} that has ${ADMIN_READ}, or the METRICS_TOKEN`,
    hint: `ask who runs the server for one: tidegate keys create --name metrics --scope ${ADMIN_READ}`,
  };
}

function closed() {
  return {
    message: 'This is for who runs the server',
    field: 'METRICS_TOKEN',
    expected: 'to be set, because others than this machine reach this server and nobody is asked who calls',
    hint: 'set METRICS_TOKEN on the server, and send it as Authorization: Bearer',
  };
}
