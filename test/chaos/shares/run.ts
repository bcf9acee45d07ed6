/**
 * One caller who sends far more requests than its limit lets through, to instances that share nothing but the engine: each is
 * a host with memory, a connection to the store and a clock of its own. Some answers of the store are lost.
 */
import { defineApp } from '../../../src/index.ts';
import type { Principal } from '../../../src/base/principal.ts';
import { TidegateError } from '../../../src/base/errors.ts';
import { createHost } from '../../../src/hosts/host.ts';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { openStore, readConfig } from '../../../src/store/drivers/open.ts';
import type { Store } from '../../../src/store/store.ts';
import { seededRandom } from '../../../src/store/contract/seeded.ts';
import { watched } from '../../store/shares/instances.ts';

export interface ShareRunOptions {
  /** Opens a store on the engine, for `readConfig`. */
  environment: Record<string, string>;
  /** The name of the app in the store: another one for each run. */
  prefix: string;
  seed: number;
  instances: number;
  limit: number;
  offered: number;
  /** Part of the store's answers that are lost after they took effect, in [0, 1]. */
  lost: number;
}

export interface ShareReport {
  through: number;
  /** 429. */
  over: number;
  /** 503: an answer of the store was lost. */
  unsaid: number;
  others: number;
  /** Calls to the store that counted requests. */
  calls: number;
  seconds: number;
}

const CALLER: Principal = { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] };
const WINDOW_MS = 60_000;
/** The run begins here in its window, so that no clock is at a border of it. */
const BEGINS_MS = 5_000;
/** Clocks are ahead and behind by this at most, ms. */
const SKEW_MS = 2_500;
/** Requests of one instance that are under way at a time. */
const AT_ONCE = 4;
/** Who is answered 503 sends the next one after so long, ms. */
const AGAIN_MS = 200;

export async function shareRun({
  environment,
  prefix,
  seed,
  instances,
  limit,
  offered,
  lost,
}: ShareRunOptions): Promise<ShareReport> {
  const random = seededRandom(seed);
  // A file of sqlite is of one app.
  const { SQLITE_PATH: path } = environment;
  const own = path === undefined ? environment : { ...environment, SQLITE_PATH: `${path}.${prefix}` };
  const app = defineApp({ name: 'shares', version: '1', description: 'Counts requests', quotas: { requests: limit } });
  const realBegin = Date.now();
  const begin = Math.ceil(realBegin / WINDOW_MS) * WINDOW_MS + BEGINS_MS;
  const counts: (() => number)[] = [];
  const stores: Store[] = [];
  const report: ShareReport = { through: 0, over: 0, unsaid: 0, others: 0, calls: 0, seconds: 0 };

  async function newHost() {
    const skewMs = Math.round((2 * random() - 1) * SKEW_MS);
    const runtime = { ...nodeRuntime(() => {}), now: () => Date.now() - realBegin + begin + skewMs };
    const opened = await openStore(readConfig(own, 'memory'), runtime, prefix);
    stores.push(opened);
    const { store, calls } = watched(opened, (add) => async (...asked) => {
      const total = await add(...asked);
      if (random() < lost) throw new TidegateError('store_unavailable', 'the answer was lost', { retryAfterMs: 1_000 });
      return total;
    });
    counts.push(calls);
    return createHost({ app, store, runtime, authenticate: () => CALLER, tenants: () => [CALLER.tenant] });
  }

  const real = nodeRuntime(() => {});
  let left = offered;
  async function send(host: Awaited<ReturnType<typeof newHost>>): Promise<void> {
    while (left > 0) {
      left -= 1;
      const { status } = await host.fetch(ping());
      if (status === 200) report.through += 1;
      else if (status === 429) report.over += 1;
      else if (status === 503) {
        report.unsaid += 1;
        await real.sleep(AGAIN_MS);
      } else report.others += 1;
    }
  }

  const hosts: Awaited<ReturnType<typeof newHost>>[] = [];
  for (let n = 0; n < instances; n += 1) hosts.push(await newHost());
  const started = performance.now();
  await Promise.all(hosts.flatMap((host) => Array.from({ length: AT_ONCE }, () => send(host))));
  report.seconds = (performance.now() - started) / 1_000;
  report.calls = counts.reduce((sum, calls) => sum + calls(), 0);
  await Promise.all(hosts.map((host) => host.close()));
  await Promise.all(stores.map((store) => store.close()));
  return report;
}

function ping(): Request {
  return new Request('http://127.0.0.1/mcp', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
    body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
  });
}

/** What of the promises did not hold. */
export function shareVerdict(
  { through, over, unsaid, others, seconds }: ShareReport,
  { limit, offered, lost }: Pick<ShareRunOptions, 'limit' | 'offered' | 'lost'>,
): string[] {
  const wrong: string[] = [];
  if (through > limit) wrong.push(`${through} were let through, of a limit of ${limit}`);
  // What lost answers have taken is used by nobody.
  if (lost === 0 && through < 0.9 * limit) wrong.push(`only ${through} of ${limit} were let through`);
  if (lost === 0 && unsaid > 0) wrong.push(`${unsaid} were answered 503`);
  if (through === 0) wrong.push('nothing was let through');
  if (others > 0) wrong.push(`${others} were answered in another way`);
  if (through + over + unsaid + others !== offered) wrong.push('some were not answered');
  if (seconds > (WINDOW_MS - BEGINS_MS - 2 * SKEW_MS) / 1_000) wrong.push('it took longer than its window');
  return wrong;
}
