/**
 * Scopes: what a caller may do, as names that a key or a token brings. A scope grants itself and every scope below it:
 * `streams:read` grants `streams:read:trades`. Pure.
 */

/**
 * Grants everything. It stands for a caller whom nobody restricts: a server without authentication, a pipe, a key of the
 * operator's own. No token of an issuer brings it (`auth/oauth` drops it).
 */
export const EVERY_SCOPE = '*';
/** Tasks: to begin, read, answer and cancel one's own. */
export const TASKS_SCOPE = 'tasks';
/** Events: to list, poll and subscribe to them. */
export const EVENTS_SCOPE = 'events';
/** What operators do: the audit log, keys, dead letters. */
export const ADMIN_SCOPE = 'admin';
/** What operators look at, without a right to change anything. `admin` grants it. */
export const ADMIN_READ = 'admin:read';

/** Alarms: to read them, and to acknowledge, shelve and clear them; each of one trigger too, as `alarms:write:hot`. */
export const ALARMS_READ = 'alarms:read';
export const ALARMS_WRITE = 'alarms:write';

const READ = 'streams:read';
const PUBLISH = 'streams:publish';

/** The characters that RFC 6749 allows in a scope. */
const SCOPE = /^[\x21\x23-\x5B\x5D-\x7E]{1,128}$/;

/** The scope to read a stream; without a name, that of every stream. */
export function readScope(stream?: string): string {
  return stream === undefined ? READ : `${READ}:${stream}`;
}

/** The scope to publish to a stream or a feed; without a name, that of every one. */
export function publishScope(name?: string): string {
  return name === undefined ? PUBLISH : `${PUBLISH}:${name}`;
}

/** The scope to read the alarms of a trigger, or to do something to them. */
export function alarmScope(does: typeof ALARMS_READ | typeof ALARMS_WRITE, trigger: string): string {
  return `${does}:${trigger}`;
}

export function isScope(text: string): boolean {
  return SCOPE.test(text);
}

/** Whether nothing restricts the caller, so that nothing has to be looked at. */
export function isUnrestricted(held: readonly string[]): boolean {
  return held.includes(EVERY_SCOPE);
}

/**
 * Whether the scopes name `admin` itself, or `admin:read`. Who may do everything because nothing restricts it is no operator by that. What an app's own
 * `authenticate` answered may be anything.
 */
export function isOperator({ scopes }: { scopes: readonly string[] }): boolean {
  return Array.isArray(scopes) && (scopes.includes(ADMIN_SCOPE) || scopes.includes(ADMIN_READ));
}

/** The same scopes, without the one that stands for a caller whom nobody restricts. */
export function namedScopes(held: readonly string[]): string[] {
  return held.filter((scope) => scope !== EVERY_SCOPE);
}

/** Whether one of the scopes that are held is the one that is needed, or stands above it. */
export function isGranted(held: readonly string[], needed: string): boolean {
  return held.some((scope) => scope === needed || scope === EVERY_SCOPE || needed.startsWith(`${scope}:`));
}

/** Those of the needed scopes that are not granted, in their order. */
export function missingScopes(held: readonly string[], needed: readonly string[]): string[] {
  return needed.filter((scope) => !isGranted(held, scope));
}
