/** What a Worker's bundle would be refused for: its size, and modules of Node's that are only a name on the platform. Pure. */
import type { PlatformFinding } from './finding.ts';
import { NODE_FLAG, setting } from './cloudflare-settings.ts';

/** What wrangler built, and would upload. */
export interface WorkerBundle {
  bytes: number;
  gzippedBytes: number;
  /** Modules of Node's, without `node:`, that are asked for, and the files that ask, as the bundler writes their paths. */
  nodeModules: readonly { name: string; file: string }[];
  /** Whether the client of DynamoDB is in it. */
  hasDynamodb: boolean;
}

const MEBIBYTE = 1_048_576;
const FREE_GZIPPED = 3 * MEBIBYTE;
const MOST_GZIPPED = 10 * MEBIBYTE;
/** The platform has them by name: whatever is called throws, or does nothing. */
const NAMES_ALONE: ReadonlySet<string> = new Set([
  'child_process',
  'cluster',
  'dgram',
  'inspector',
  'repl',
  'sea',
  'sqlite',
  'test',
  'trace_events',
  'wasi',
  'worker_threads',
]);

interface BundleSurroundings {
  flags: readonly string[];
  store: string;
}

export function checkWorkerBundle(bundle: WorkerBundle, { flags, store }: BundleSurroundings): PlatformFinding[] {
  const { gzippedBytes, nodeModules, hasDynamodb } = bundle;
  const found: PlatformFinding[] = [];
  if (gzippedBytes > MOST_GZIPPED) {
    found.push({ ...sized(gzippedBytes), level: 'error', fix: 'import less: 10 MiB gzipped are the most' });
  } else if (gzippedBytes > FREE_GZIPPED) {
    found.push({ ...sized(gzippedBytes), level: 'advice', fix: 'the free plan takes 3 MiB, the paid one 10 MiB' });
  }
  const [first] = nodeModules;
  if (first !== undefined && !flags.includes(NODE_FLAG)) {
    found.push({
      level: 'error',
      field: 'compatibility_flags',
      message: `${first.file} imports node:${first.name}, and ${NODE_FLAG} is not among the flags`,
      fix: `compatibility_flags = ["${NODE_FLAG}"]`,
      add: setting.flag(),
    });
  }
  for (const { name, file } of nodeModules.filter((one) => NAMES_ALONE.has(one.name))) {
    const isPackage = /(^|\/)node_modules\//.test(file);
    found.push({
      // A package may ask for what it uses elsewhere.
      level: isPackage ? 'advice' : 'error',
      field: file,
      message: `it imports node:${name}, of which Workers have the name alone`,
      fix: isPackage ? 'make sure that no call of it gets there' : 'leave it to a host on Node, or read by fetch',
    });
  }
  if (store === 'dynamodb' && !hasDynamodb) {
    const fix = 'createWorker(app, { stores: { dynamodb } }) with dynamodb of tidegate/worker';
    found.push({
      level: 'error',
      field: 'STORE',
      message: 'STORE is dynamodb, and the Worker is built without it',
      fix,
    });
  }
  return found;
}

function sized(gzippedBytes: number): Pick<PlatformFinding, 'field' | 'message'> {
  return { field: 'main', message: `the bundle has ${mebibytes(gzippedBytes)} gzipped` };
}

export function mebibytes(bytes: number): string {
  return bytes < MEBIBYTE ? `${(bytes / 1_024).toFixed(1)} KiB` : `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
}
