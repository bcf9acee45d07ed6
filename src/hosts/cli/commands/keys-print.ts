/** Keys in lines for a terminal. Pure: it decides what is said, and prints nothing. */
import type { KeyFacts } from '../../../auth/keys/manage.ts';
import { ago, table } from '../../../operate/table.ts';

const HEAD = ['ID', 'NAME', 'TENANT', 'STATE', 'AGE', 'EXPIRES', 'USED', 'SCOPES'];

export function linesOfKeys(keys: readonly KeyFacts[], now: number, app: string): string[] {
  if (keys.length === 0) return [`The app ${app} has no keys: tidegate keys create --name NAME makes one`];
  const rows = keys.map(({ id, name, tenant, state, createdAt, expiresAt, lastUsedAt, scopes }) => {
    const expires =
      expiresAt === null ? 'never' : expiresAt <= now ? `${ago(expiresAt, now)} ago` : `in ${ago(now, expiresAt)}`;
    const used = lastUsedAt === null ? 'never' : `${ago(lastUsedAt, now)} ago`;
    return [id, name, tenant, state, ago(createdAt, now), expires, used, scopes.join(' ')];
  });
  return table([HEAD, ...rows]);
}
