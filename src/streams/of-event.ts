/**
 * Where an event goes whose data name its tenant. The app's own tenant, which is also that of a stream's token, writes for all;
 * a caller of another tenant writes for its own alone, and another's name is refused as one that is missing.
 */
import { TidegateError } from '../base/errors.ts';
import type { Json } from '../base/json.ts';
import { APP_TENANT } from '../base/principal.ts';
import { isTenantName, safeName } from '../base/safe-name.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import { type LogTenant, scopeOfLogs, type StreamScope } from './scope.ts';

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
  const names = new Set(data.map((each) => nameIn(tenantOf, each).name));
  const [first = null] = names;
  if (names.size > 1) {
    throw refused(`events of ${name} name several tenants`, 'events of one tenant; send those of others by themselves');
  }
  const place = first === null ? null : await ownPlace(scope, first);
  if (place === null)
    throw refused(`an event of ${name} has no tenant`, 'data that name a tenant for which you may write');
  return place;
}

/** The same of one event; null where they would be refused. */
export async function placeOfEvent(
  scope: StreamScope,
  { tenantOf }: Pick<DeclaredStream, 'tenantOf'>,
  data: Json,
): Promise<StreamScope | null> {
  if (tenantOf === null) return scope;
  const { name } = nameIn(tenantOf, data);
  return name === null ? null : ownPlace(scope, name);
}

/** Null: who writes may not write for that tenant. */
async function ownPlace(scope: StreamScope, name: string): Promise<StreamScope | null> {
  const tenant = await safeName(name, 'tenant');
  return scope.tenant === APP_TENANT || tenant === scope.tenant ? scopeOfLogs(scope, { tenant }) : null;
}

/** Whose an event is. `tenant` is null where its data name nobody; `thrown` is then what the app's function threw, if it did. */
export async function tenantOfEvent(
  tenantOf: NonNullable<DeclaredStream['tenantOf']>,
  data: Json,
): Promise<{ tenant: LogTenant | null; thrown?: unknown }> {
  const { name, ...broken } = nameIn(tenantOf, data);
  if (name === null) return { tenant: null, ...broken };
  return { tenant: scopeOfLogs({}, { tenant: await safeName(name, 'tenant') }).tenant };
}

function nameIn(
  tenantOf: NonNullable<DeclaredStream['tenantOf']>,
  data: Json,
): { name: string | null; thrown?: unknown } {
  try {
    const name: unknown = tenantOf(data);
    return { name: isTenantName(name) ? name : null };
  } catch (thrown) {
    return { name: null, thrown };
  }
}

function refused(what: string, expected: string): TidegateError {
  return new TidegateError('invalid_input', `${what}: expected ${expected}`, { field: 'tenant', expected });
}
