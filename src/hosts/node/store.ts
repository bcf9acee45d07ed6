/** The configured store on Node, with the folder that a sqlite file needs. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Config, sqliteFile } from '../../base/config.ts';
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import { openStore } from '../../store/drivers/open.ts';
import type { Store } from '../../store/store.ts';

const REASON_CHARACTERS = 200;
/** What the engines' clients say of an answer that they do not understand. */
const UNSAID = new Set(['', 'undefined', 'UnknownError']);

/** Answers a store that answers. @throws TidegateError `invalid_config` or `store_unavailable`, naming the variable. */
export async function openNodeStore(config: Config, runtime: Runtime, app: string): Promise<Store> {
  if (config.store === 'sqlite') await makeFolder(dirname(sqliteFile(config, app)));
  const store = await openStore(config, runtime, app);
  try {
    await store.ping();
    return store;
  } catch (thrown) {
    await store.close();
    const error = asTidegateError(thrown);
    const mend = error.code === 'store_unavailable' ? toMend(config) : null;
    if (mend === null) throw error;
    throw new TidegateError(error.code, `${error.message}: ${reasonOf(thrown)}`, {
      ...mend,
      hint: 'look whether it runs, and whether this machine may reach it',
      cause: thrown,
    });
  }
}

/** What says where a store is; null for one that is a file of ours. */
function toMend({ store, dynamodb }: Config): { field: string; expected: string } | null {
  if (store === 'redis') {
    return {
      field: 'UPSTASH_REDIS_REST_URL',
      expected: "the address of a database that answers, over Upstash's REST protocol",
    };
  }
  if (store !== 'dynamodb') return null;
  return dynamodb?.endpoint
    ? { field: 'AWS_ENDPOINT_URL_DYNAMODB', expected: "the address of a DynamoDB that answers; not set for AWS's own" }
    : { field: 'AWS_REGION', expected: 'a region of AWS that this machine reaches, e.g. eu-central-1' };
}

/** The innermost cause that says something: what is around it says no more than that something failed. */
function reasonOf(thrown: unknown): string {
  let reason = '';
  for (let at: unknown = thrown; at instanceof Error; at = at.cause) reason = at.message || reason;
  const [line = ''] = reason.split('\n', 1);
  return UNSAID.has(line) ? 'what answers there is something else' : line.slice(0, REASON_CHARACTERS);
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TidegateError('invalid_config', `the folder of SQLITE_PATH cannot be made: ${reason}`, {
      field: 'SQLITE_PATH',
      expected: 'a file in a folder that this user may write to',
      cause,
    });
  }
}
