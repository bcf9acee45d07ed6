/**
 * `npm run bench [endpoint|auth|ingest|reads|ranges|scale|stores|waits|lambda|load|rates|listen|webhooks|queues|subscriptions|triggers|events|backup|peers|workerd]`:
 * every benchmark, or those named; ratios are of one run. What begins with `--`, and what follows it, are options of a benchmark
 * (`npm run bench scale -- --store redis`).
 */
import { availableParallelism, cpus } from 'node:os';
import { benchBackup } from './backup.ts';
import { benchAuth } from './auth.ts';
import { benchEvents } from './events.ts';
import { benchEndpoint } from './endpoint.ts';
import { benchIngest } from './ingest.ts';
import { benchLambda } from './lambda.ts';
import { benchListen } from './listen.ts';
import { benchLoad } from './load.ts';
import { benchPeers } from './peers.ts';
import { benchQueues } from './queues.ts';
import { benchRanges } from './ranges.ts';
import { benchRates } from './rates.ts';
import { benchReads } from './reads.ts';
import { benchScale } from './scale.ts';
import { benchStores } from './stores.ts';
import { benchSubscriptions } from './subscriptions.ts';
import { benchTriggers } from './triggers.ts';
import { benchWaits } from './waits.ts';
import { benchWebhooks } from './webhooks.ts';
import { benchWorkerd } from './workerd.ts';

const BENCHMARKS: Record<string, (options: readonly string[]) => Promise<void>> = {
  endpoint: benchEndpoint,
  auth: benchAuth,
  ingest: benchIngest,
  reads: benchReads,
  ranges: benchRanges,
  scale: benchScale,
  stores: benchStores,
  waits: benchWaits,
  lambda: benchLambda,
  load: benchLoad,
  rates: benchRates,
  listen: benchListen,
  webhooks: benchWebhooks,
  queues: benchQueues,
  subscriptions: benchSubscriptions,
  triggers: benchTriggers,
  events: benchEvents,
  backup: benchBackup,
  peers: benchPeers,
  workerd: benchWorkerd,
};

const given = process.argv.slice(2);
const firstOption = given.findIndex((argument) => argument.startsWith('--'));
const wanted = firstOption === -1 ? given : given.slice(0, firstOption);
const options = firstOption === -1 ? [] : given.slice(firstOption);
const unknown = wanted.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}; there are ${Object.keys(BENCHMARKS).join(', ')}`);
  process.exit(2);
}
console.log(`Node ${process.version}, ${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown processor'}`);
for (const [name, benchmark] of Object.entries(BENCHMARKS)) {
  if (wanted.length === 0 || wanted.includes(name)) await benchmark(options);
}
