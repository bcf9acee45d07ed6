/** Which Node, which release of Tidegate, and whether the packages that an app shares with it are there once and in a version that fits. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { isOldNode, NODE_NEEDED } from '../../../base/config/node-version.ts';
import type { DoctorCheck, DoctorFinding } from './finding.ts';

interface Manifest {
  name?: string;
  version?: string;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

const MANIFEST = new URL('../../../../package.json', import.meta.url);
/** What is told where it is installed, and what each is for. */
const TOLD = ['@modelcontextprotocol/server', 'hono', 'wrangler', 'aws-cdk-lib'] as const;

export const versionsCheck: DoctorCheck = {
  name: 'versions',
  mostMs: 5_000,
  async run({ file }) {
    const own = readManifest(MANIFEST) ?? {};
    const { node } = process.versions;
    const findings: DoctorFinding[] = [
      isOldNode(node)
        ? { status: 'fail', what: `Node ${node} is too old`, fix: `install ${NODE_NEEDED}` }
        : { status: 'ok', what: `tidegate ${own.version ?? '?'} on Node ${node}` },
    ];
    const folder = file === null ? process.cwd() : dirname(resolve(file));
    if (file !== null) findings.push(zodOf(folder, own));
    const found = TOLD.flatMap((name) => {
      const version = installed(folder, name)?.version ?? installedBeside(name)?.version;
      return version === undefined ? [] : [`${name} ${version}`];
    });
    if (found.length > 0) findings.push({ status: 'ok', what: found.join(', ') });
    return findings;
  },
};

/** Schemas of another major of zod, or of a second copy in another version, are not always understood. */
function zodOf(folder: string, own: Manifest): DoctorFinding {
  const apps = installed(folder, 'zod')?.version ?? null;
  const ours = installedBeside('zod')?.version ?? null;
  const needed = own.peerDependencies?.['zod'] ?? own.dependencies?.['zod'] ?? '4';
  if (apps === null) {
    return { status: 'warn', what: `no zod is found from ${folder}`, fix: `npm install zod@${needed}` };
  }
  if (!apps.startsWith('4.')) {
    return {
      status: 'fail',
      what: `the app has zod ${apps}`,
      why: `Tidegate reads schemas of zod ${needed}`,
      fix: `npm install zod@${needed}`,
    };
  }
  if (ours !== null && ours !== apps) {
    return {
      status: 'warn',
      what: `the app has zod ${apps}, and Tidegate ${ours}: two copies`,
      fix: 'npm dedupe, so that both take one',
    };
  }
  return { status: 'ok', what: `zod ${apps}` };
}

/** The manifest of a package as modules of a folder find it; null: they find none. It loads nothing of the package. */
function installed(folder: string, name: string): Manifest | null {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, 'node_modules', name, 'package.json');
    if (existsSync(path)) return readManifest(path);
    if (dirname(at) === at) return null;
  }
}

function installedBeside(name: string): Manifest | null {
  const [first = ''] = createRequire(import.meta.url).resolve.paths(name) ?? [];
  return installed(dirname(first), name);
}

function readManifest(path: string | URL): Manifest | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  } catch {
    return null;
  }
}
