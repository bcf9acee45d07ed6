/**
 * Where an event goes whose data name its tenant. The app's own tenant, which is also that of a stream's token, writes for all;
 * a caller of another tenant writes for its own alone, and another's name is refused as one that is missing.
 */
import { TidegateError } from '../base/errors.ts';
import type { Json } from '../base/json.ts';
import { APP_TENANT } from '../base/principal.ts';
import { safeName } from '../base/safe-name.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import { scopeOfLogs, type StreamScope } from './scope.ts';

/**
 * The scope of the log that these data go to, all of them.
 * @param scope of the stream, for who writes
 * @throws TidegateError `invalid_input` where they name no tenant, one that is not the writer's, or several
 */
export async function ofEvents(
  scope: StreamScope,
  { name, tenantOf }: Pick<DeclaredStream, 'name' | 'tenantOf'>,
  data: readonly Json[],
): Promise<StreamScope> {
  if (tenantOf === null || data.length === 0) return scope;
  const names = new Set(data.map((each) => named(tenantOf, each)));
  const [first = null] = names;
  if (names.size > 1) throw refused(name, 'events of one tenant; send those of others by themselves');
  const tenant = first === null ? null : await safeName(first, 'tenant');
  const isOwn = scope.tenant === APP_TENANT || tenant === scope.tenant;
  if (tenant === null || !isOwn) throw refused(name, 'data that name a tenant for which you may write');
  return scopeOfLogs(scope, { tenant });
}

/** A function of the app's that throws names nobody. */
function named(tenantOf: NonNullable<DeclaredStream['tenantOf']>, data: Json): string | null {
  try {
    return tenantOf(data) || null;
  } catch {
    return null;
  }
}

function refused(stream: string, expected: string): TidegateError {
  return new TidegateError('invalid_input', `an event of ${stream} has no tenant: expected ${expected}`, {
    field: 'tenant',
    expected,
  });
}
