/**
 * Keys of callers, as tools. `tidegate keys` lists, revokes and makes them in its own way; a new key is told to no model, so making one is
 * for the command alone.
 */
import * as z from 'zod';
import { TidegateError } from '../../base/errors.ts';
import { isoTime } from '../../base/time/time-text.ts';
import { type KeyFacts, keysOf, listKeys, revokeKey } from '../../auth/keys/manage.ts';
import { idIn } from '../../auth/keys/key-text.ts';
import { type OperateContext, operatorAction } from '../action.ts';
import { ago, table } from '../table.ts';

const Row = z.object({
  key: z.string().describe('Its id'),
  name: z.string().describe('Who calls with it'),
  tenant: z.string(),
  scopes: z.array(z.string()),
  state: z.string(),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
  lastUsedAt: z.string().nullable().describe('To the hour'),
});

export const keysList = operatorAction({
  noun: 'keys',
  verb: 'list',
  description:
    'The keys of the tenant, those of one name together; of every tenant for an operator of the app. No key is told itself.',
  input: z.strictObject({}),
  only: 'tool',
  output: z.object({ keys: z.array(Row) }),
  effect: 'reads',
  each: 'keys',
  async run(_input, context) {
    return { keys: (await shownKeys(context)).map(rowOf) };
  },
  lines({ keys }, now, width) {
    if (keys.length === 0) return ['There are no keys.'];
    const rows = keys.map(({ key, name, tenant, state, scopes, lastUsedAt }) => {
      return [key, name, tenant, state, lastUsedAt === null ? '' : ago(Date.parse(lastUsedAt), now), scopes.join(' ')];
    });
    return table([['ID', 'NAME', 'TENANT', 'STATE', 'USED', 'SCOPES'], ...rows], width);
  },
});

export const keysRevoke = operatorAction({
  noun: 'keys',
  verb: 'revoke',
  description:
    'Revokes a key: from half a minute later on nobody takes it, and what it holds open ends. It cannot be given back.',
  input: z.strictObject({ key: z.string().min(1).max(200).describe('Id of a key') }),
  words: ['key'],
  only: 'tool',
  output: Row,
  effect: 'destroys',
  async run({ key }, context) {
    const id = idIn(key);
    const known = (await shownKeys(context)).find((each) => each.id === id);
    // Another tenant's is as unknown as one that is not there.
    if (known === undefined) {
      throw new TidegateError('not_found', `there is no key ${id ?? 'of that id'}`, {
        field: 'key',
        expected: 'the id of a key',
        hint: 'admin_keys_list has them',
      });
    }
    return rowOf(await revokeKey(context.deps, known.id));
  },
  lines: ({ key, name }) => [`${key} of ${name} is revoked: half a minute from now on nobody takes it`],
});

async function shownKeys({ deps, tenant, ofApp }: OperateContext): Promise<KeyFacts[]> {
  const all = await listKeys(deps);
  return ofApp ? all : keysOf(all, tenant);
}

function rowOf({ id, name, tenant, scopes, state, createdAt, expiresAt, lastUsedAt }: KeyFacts): z.output<typeof Row> {
  return {
    key: id,
    name,
    tenant,
    scopes: [...scopes],
    state,
    createdAt: isoTime(createdAt),
    expiresAt: timeOf(expiresAt),
    lastUsedAt: timeOf(lastUsedAt),
  };
}

function timeOf(at: number | null): string | null {
  return at === null ? null : isoTime(at);
}
