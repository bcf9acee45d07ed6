/** What an account has of a Worker: whose it is, its secrets, its queues. Each answer is read from a command of wrangler's. */
import * as z from 'zod';
import { TidegateError } from '../../../base/errors.ts';
import { saidBy, type Wrangler } from './wrangler.ts';

const Who = z.object({
  loggedIn: z.boolean(),
  accounts: z.array(z.object({ id: z.string(), name: z.string() })).default([]),
});
const Secrets = z.array(z.object({ name: z.string() }));

interface AccountChoice {
  /** Of the settings, or of `CLOUDFLARE_ACCOUNT_ID`. */
  accountId: string | null;
  /** The file that may say it. */
  file: string;
}

/**
 * The account in words. Where several are there and none is named wrangler would take one of them where it can ask nobody.
 * @throws TidegateError `invalid_config` where nobody is logged in, and where the account is not said
 */
export async function accountOf(wrangler: Wrangler, { accountId, file }: AccountChoice): Promise<string | null> {
  const end = await wrangler.run(['whoami', '--json']);
  const who = Who.safeParse(jsonIn(end.stdout));
  if (end.status !== 0 || (who.success && !who.data.loggedIn)) {
    throw new TidegateError(
      'invalid_config',
      `nobody is logged in to Cloudflare${who.success ? '' : `: ${saidBy(end)}`}`,
      {
        field: 'wrangler',
        expected: 'npx wrangler login, or CLOUDFLARE_API_TOKEN where nobody can log in',
      },
    );
  }
  const accounts = who.success ? who.data.accounts : [];
  const named = accounts.find(({ id }) => id === accountId);
  if (accountId === null && accounts.length > 1) {
    const lines = accounts.map(({ id, name }) => `  ${id}  ${name}`);
    throw new TidegateError(
      'invalid_config',
      `there are ${accounts.length} accounts, and none is named:\n${lines.join('\n')}`,
      {
        field: 'account_id',
        expected: `account_id in ${file}, or CLOUDFLARE_ACCOUNT_ID`,
      },
    );
  }
  if (accountId !== null && named === undefined) return accountId;
  const account = named ?? accounts[0];
  return account === undefined ? null : `${account.name} (${account.id})`;
}

/** Names of the Worker's secrets; null where there is no such Worker yet. @throws TidegateError `upstream` */
export async function secretsThere(wrangler: Wrangler, of: readonly string[]): Promise<ReadonlySet<string> | null> {
  const end = await wrangler.run(['secret', 'list', '--format=json', ...of]);
  if (end.status !== 0) {
    if (/not found|does not exist|10007/i.test(saidBy(end))) return null;
    throw commandFailed('wrangler secret list', saidBy(end));
  }
  const listed = Secrets.safeParse(jsonIn(end.stdout));
  if (!listed.success) throw commandFailed('wrangler secret list', 'its answer is no list of secrets');
  return new Set(listed.data.map(({ name }) => name));
}

/** @throws TidegateError `upstream` where it cannot be found out */
export async function isQueueThere(wrangler: Wrangler, name: string): Promise<boolean> {
  const end = await wrangler.run(['queues', 'info', name]);
  if (end.status === 0) return true;
  if (/does not exist|not found/i.test(saidBy(end))) return false;
  throw commandFailed(`wrangler queues info ${name}`, saidBy(end));
}

export function commandFailed(command: string, said: string): TidegateError {
  return new TidegateError('upstream', `${command} failed: ${said}`, {
    field: command,
    expected: 'to succeed; what was done before it stays, and the same command goes on from there',
  });
}

/** The JSON within what a command prints, whatever else it says before and behind; undefined where there is none. */
function jsonIn(text: string): unknown {
  const from = text.search(/^\s*[[{]/m);
  const to = Math.max(text.lastIndexOf(']'), text.lastIndexOf('}'));
  try {
    return JSON.parse(text.slice(from, to + 1)) as unknown;
  } catch {
    return undefined;
  }
}
