/**
 * The published manifest differs from the one in the repository: its entries point at `dist`, and the Node binaries that
 * make the repository's own scripts run on an old machine are left out. `prepack` writes it, `postpack` restores.
 */
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const MANIFEST = 'package.json';
const KEPT = 'package.json.kept';

interface Manifest {
  bin: Record<string, string>;
  exports: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  scripts?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/** Paths of sources as paths of what `npm run build` makes of them. */
function built(paths: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(paths).map(([name, path]) => [name, path.replace(/^\.\/src\//, './dist/').replace(/\.ts$/, '.js')]),
  );
}

export function published(manifest: Manifest): Manifest {
  const { devDependencies: _dev, scripts: _scripts, optionalDependencies = {}, ...rest } = manifest;
  const optional = Object.entries(optionalDependencies).filter(
    ([name]) => !/^node-(bin-)?(linux|darwin|win)-/.test(name),
  );
  return {
    ...rest,
    bin: built(manifest.bin),
    exports: built(manifest.exports),
    ...(optional.length > 0 ? { optionalDependencies: Object.fromEntries(optional) } : {}),
  };
}

if (process.argv[2] === 'prepack') {
  copyFileSync(MANIFEST, KEPT);
  const manifest = JSON.parse(readFileSync(MANIFEST, 'utf8')) as Manifest;
  writeFileSync(MANIFEST, `${JSON.stringify(published(manifest), null, 2)}\n`);
}
if (process.argv[2] === 'postpack') renameSync(KEPT, MANIFEST);
