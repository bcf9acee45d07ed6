/**
 * `tidegate keys`: makes, lists and revokes keys in the store that the environment names, for whichever process serves from it. A
 * new key is written to standard output alone, once; all else of `create` goes to standard error.
 */
import { idIn } from '../../../auth/keys/key-text.ts';
import { createKey, type KeyDeps, listKeys, revokeKey } from '../../../auth/keys/manage.ts';
import { inLines, jsonText, oneLine } from '../../../base/plain.ts';
import { APP_TENANT, type Principal, safePrincipal } from '../../../base/principal.ts';
import { isScope } from '../../../base/scopes.ts';
import { isoTime } from '../../../base/time/time-text.ts';
import type { App } from '../../../declare/app.ts';
import { watchClock } from '../../../store/clock-watch.ts';
import { readNodeConfig } from '../../platforms/node-config.ts';
import type { Audit } from '../../../streams/audit.ts';
import { auditOf } from '../../audit.ts';
import { createLog } from '../../log.ts';
import { tellMisspelt } from '../../misspelt.ts';
import { nodeRuntime } from '../../node/runtime.ts';
import { openNodeStore } from '../../node/store.ts';
import { readArguments, unknownWord } from '../kit/arguments.ts';
import { refusal } from '../kit/confirm.ts';
import { doubtedScopes, readExpiry, readScopes, refuseDoubted, USUAL_EXPIRY } from './key-options.ts';
import { linesOfKeys } from './keys-print.ts';
import type { CommandCall } from '../kit/command.ts';
import { KEY_COMMANDS } from '../kit/usage.ts';
import { refuseVolatile } from '../kit/volatile.ts';

const OPTIONS = {
  app: { type: 'string' },
  name: { type: 'string' },
  tenant: { type: 'string', default: APP_TENANT },
  scope: { type: 'string', multiple: true },
  expires: { type: 'string', default: USUAL_EXPIRY },
  json: { type: 'boolean', default: false },
  yes: { type: 'boolean', default: false },
} as const;

interface KeyCommandOptions {
  app?: string;
  name?: string;
  tenant: string;
  scope?: string[];
  expires: string;
  json: boolean;
  yes: boolean;
}

/** Answers the exit status. @throws TidegateError for a key that is not there, a store that cannot be reached, an app that is none. */
export async function keysCommand({ args, loadApp, environment, misused }: CommandCall): Promise<number> {
  const read = readArguments(args, OPTIONS, 'keys');
  if (read.wrong !== null) return misused(read.wrong);
  const values = read.values as unknown as KeyCommandOptions;
  const [verb, word, extra] = read.positionals;
  if (verb === undefined) return misused(`keys needs one of ${KEY_COMMANDS.join(', ')}`);
  if (!KEY_COMMANDS.some((known) => known === verb)) return misused(unknownWord(verb, KEY_COMMANDS, null));
  const id = word === undefined ? null : idIn(word);
  if (verb === 'revoke' && id === null) {
    return misused(`keys revoke needs the id of a key, 16 letters and digits: tidegate keys list`);
  }
  const beyond = verb === 'revoke' ? extra : word;
  if (beyond !== undefined) return misused(unknownWord(beyond, [], `keys ${verb}`));
  if (verb === 'create' && values.name === undefined) {
    return misused('keys create needs --name NAME: who calls with the key');
  }

  const config = readNodeConfig(environment);
  refuseVolatile(config, 'for a server in memory set TIDEGATE_KEY, one key that may do everything');
  const app = await loadApp(values.app ?? null);
  const runtime = nodeRuntime(createLog(config.logLevel, { plain: process.stderr.isTTY }));
  tellMisspelt(config, app, runtime.log);
  const store = await openNodeStore(config, runtime, app.name);
  try {
    const deps = watchClock({ store, runtime });
    const audit = auditOf(app, deps);
    if (verb === 'create') await create(deps, app, audit, values);
    else if (verb === 'list') await list(deps, app, values.json);
    else return await revoke(deps, audit, id ?? '', values.yes);
    return 0;
  } finally {
    await store.close();
  }
}

async function create(
  deps: KeyDeps,
  app: App,
  audit: Audit,
  { name = '', tenant, scope = [], expires, yes }: KeyCommandOptions,
): Promise<void> {
  const scopes = readScopes(scope);
  const doubted = doubtedScopes(scopes.filter(isScope), app);
  if (!yes) refuseDoubted(doubted);
  const expiresAt = readExpiry(expires, deps.runtime.now());
  const { text, key } = await createKey(deps, { name, tenant, scopes, expiresAt });
  console.log(text);
  await audit.note(await operatorOf(tenant), { action: 'key_made', target: `${key.id} of ${name}` });
  const lines = [
    ...doubted,
    `The key ${key.id} of ${name} (tenant ${tenant}) may use ${key.scopes.join(' ')} of the app ${app.name}.`,
    `It ${expiresAt === null ? 'never expires' : `expires at ${isoTime(expiresAt)}`}, and is not shown again.`,
  ];
  for (const line of lines) console.error(oneLine(line));
}

async function list(deps: KeyDeps, app: App, json: boolean): Promise<void> {
  const keys = await listKeys(deps);
  if (json) for (const key of keys) console.log(jsonText({ ...key }));
  else for (const line of linesOfKeys(keys, deps.runtime.now(), app.name)) console.log(line);
}

/** Who can write to the store is an operator, whoever that is. The record is in the audit log of the key's tenant. */
function operatorOf(tenant: string): Promise<Principal> {
  return safePrincipal({ tenant, subject: 'operator', client: 'tidegate keys', scopes: [] });
}

/** Answers the exit status: a person is asked, and where there is nobody, `--yes` has to be there. */
async function revoke(deps: KeyDeps, audit: Audit, id: string, yes: boolean): Promise<number> {
  const known = (await listKeys(deps)).find((key) => key.id === id);
  if (!yes && known !== undefined) {
    const warning = `This revokes the key ${id} of ${known.name} (tenant ${known.tenant}): from half a minute later on nobody takes it.`;
    const refused = await refusal(warning, 'keys revoke', new AbortController().signal);
    if (refused !== null) {
      console.error(`tidegate: ${inLines(refused.why.split('\n'))}`);
      return refused.isWrong ? 2 : 1;
    }
  }
  const { name, tenant } = await revokeKey(deps, id);
  await audit.note(await operatorOf(tenant), { action: 'key_revoked', target: `${id} of ${name}` });
  console.log(oneLine(`${id} of ${name} is revoked: half a minute from now on nobody takes it`));
  return 0;
}
