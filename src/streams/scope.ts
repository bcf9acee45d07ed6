/**
 * What code above the store works on: the app, the store and the runtime, together with the tenant whose records and
 * logs it may reach. It is made once for each caller and each run of a worker, and passed on as one value.
 *
 * The log of a stream stands in the name of a tenant too, which is not always the caller's: a shared stream has one log
 * for all. `ofStream` is the one function that answers it, and the type of a log's tenant keeps all code from using
 * another.
 */
import { APP_TENANT } from '../base/principal.ts';
import type { DeclaredFeed, StreamTenants } from '../declare/feed.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import type { Deps } from './deps.ts';

export type Scope<D extends object = Deps> = Readonly<D & { tenant: string }>;

declare const ofLogs: unique symbol;
/** A tenant in whose name logs of streams stand. */
export type LogTenant = string & { readonly [ofLogs]: true };

/** A scope in whose tenant's name a stream's log stands, and all that is kept of that log. */
export type StreamScope<D extends object = Deps> = Readonly<D & { tenant: LogTenant }>;

/** What reading and writing a tenant's log needs. It does not contain the app. */
export type LogScope = StreamScope<Pick<Deps, 'store' | 'runtime'>>;

/** Makes a scope for the tenant of a principal or of a worker's options. Nothing else of them is used. */
export function scopeOf<D extends object>(deps: D, { tenant }: { tenant: string }): Scope<D> {
  return { ...deps, tenant };
}

/** A scope of a tenant that is known to be one of logs: from a key in the store, or from a hint of who appended. */
export function scopeOfLogs<D extends object>(deps: D, { tenant }: { tenant: string }): StreamScope<D> {
  return { ...deps, tenant: tenant as LogTenant };
}

/** Where a caller finds a stream: in the app's name where it is shared, else in the name of the caller's tenant. */
export function ofStream<S extends { tenant: string }>(
  scope: S,
  { tenants }: Pick<DeclaredStream, 'tenants'>,
): S & { tenant: LogTenant } {
  return inLogTenant(scope, tenants);
}

/** The same by a stream's name. What the app no longer declares counts as shared. */
export function ofStreamNamed<S extends { tenant: string; app: Deps['app'] }>(
  scope: S,
  name: string,
): S & { tenant: LogTenant } {
  return ofStream(scope, scope.app.streams.get(name) ?? { tenants: 'shared' });
}

/** Where a caller finds a feed's record and lease. A feed that fills no stream is shared. */
export function ofFeed<S extends { tenant: string }>(
  scope: S,
  { tenants }: Pick<DeclaredFeed, 'tenants'>,
): S & { tenant: LogTenant } {
  return inLogTenant(scope, tenants);
}

/**
 * Where a caller finds dead letters of a feed: its own where events name their tenant, since what one named is no other's business.
 * Those that named nobody stand with the app.
 */
export function ofLetters<S extends { tenant: string }>(
  scope: S,
  { tenants, namesTenants }: Pick<DeclaredFeed, 'tenants' | 'namesTenants'>,
): S & { tenant: LogTenant } {
  return inLogTenant(scope, namesTenants ? 'each' : tenants);
}

function inLogTenant<S extends { tenant: string }>(scope: S, tenants: StreamTenants): S & { tenant: LogTenant } {
  const tenant = (tenants === 'shared' ? APP_TENANT : scope.tenant) as LogTenant;
  // Nearly every call reads a stream, and nearly every tenant is the one in whose name it stands.
  return tenant === scope.tenant ? (scope as S & { tenant: LogTenant }) : { ...scope, tenant };
}

/** Where what all tenants share stands: one place, however many tenants there are. */
export function sharedScope<D extends object>(deps: D): StreamScope<D> {
  return scopeOfLogs(deps, { tenant: APP_TENANT });
}

/** Streams of one kind, in the order in which they are declared. */
export function streamsOf({ app }: Pick<Deps, 'app'>, of: StreamTenants): DeclaredStream[] {
  return [...app.streams.values()].filter(({ tenants }) => tenants === of);
}
