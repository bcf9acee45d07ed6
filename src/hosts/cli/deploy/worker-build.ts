/** Builds a Worker as `wrangler deploy --dry-run` does, without an account and outside of the folder, and says what is in it. */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as z from 'zod';
import { TidegateError } from '../../../base/errors.ts';
import type { WorkerBundle } from '../../platforms/cloudflare-bundle.ts';
import { temporaryFolder } from './programs/temporary-folder.ts';
import { saidBy, type Wrangler } from './wrangler.ts';

const Meta = z.object({
  inputs: z.record(
    z.string(),
    z.object({ imports: z.array(z.object({ path: z.string(), external: z.boolean().optional() })) }),
  ),
});

const NODE_MODULES: ReadonlySet<string> = new Set(builtinModules);

/** @throws TidegateError `invalid_config` with what wrangler says */
export async function buildWorker(wrangler: Wrangler, settings: string, environment: string): Promise<WorkerBundle> {
  const folder = temporaryFolder('tidegate-worker-');
  try {
    const outdir = join(folder.path, 'out');
    const metafile = join(folder.path, 'meta.json');
    const args = [
      'deploy',
      '--dry-run',
      `--config=${settings}`,
      `--env=${environment}`,
      `--outdir=${outdir}`,
      `--metafile=${metafile}`,
    ];
    const end = await wrangler.run(args);
    if (end.status !== 0) {
      const expected = 'a Worker that wrangler can build';
      throw new TidegateError('invalid_config', `wrangler does not build it:\n${saidBy(end)}`, {
        field: 'main',
        expected,
      });
    }
    return bundleIn(outdir, readFileSync(metafile, 'utf8'));
  } finally {
    folder.remove();
  }
}

function bundleIn(outdir: string, metafile: string): WorkerBundle {
  const names = readdirSync(outdir, { recursive: true, encoding: 'utf8' });
  const files = names
    .filter((name) => /\.(m?js|wasm|bin|txt|html|json|sql)$/.test(name))
    .map((name) => readFileSync(join(outdir, name)));
  const { inputs } = Meta.parse(JSON.parse(metafile));
  const asked = Object.entries(inputs).flatMap(([file, { imports }]) =>
    imports
      .filter(({ external }) => external === true)
      .map(({ path }) => ({
        name: path.replace(/^node:/, ''),
        file,
        isNode: path.startsWith('node:') || NODE_MODULES.has(path),
      })),
  );
  return {
    bytes: sum(files.map(({ length }) => length)),
    gzippedBytes: sum(files.map((file) => gzipSync(file).length)),
    nodeModules: asked.filter(({ isNode }) => isNode).map(({ name, file }) => ({ name, file })),
    hasDynamodb: Object.keys(inputs).some((file) => file.includes('@aws-sdk/client-dynamodb')),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
