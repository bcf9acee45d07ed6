/**
 * The published manifest differs from the one in the repository: its entries point at `dist`, the Node binaries that make
 * the repository's own scripts run on an old machine are left out, and a package whose types an app shares with this one is
 * a peer. `prepack` writes it, `postpack` restores.
 */
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const MANIFEST = 'package.json';
const KEPT = 'package.json.kept';

interface Manifest {
  bin: Record<string, string>;
  exports: Record<string, string>;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  scripts?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/**
 * Ranges of the packages that an app and this one have in common. Of two copies the types are not the same: an app's schemas
 * were refused. A peer is the app's own copy, and npm installs it where the app names none. The range begins where
 * the tests pass: earlier ones show models other schemas. The repository itself pins one version.
 */
const SHARED: Readonly<Record<string, string>> = { zod: '^4.4.0' };

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
  const own = Object.entries(manifest.dependencies).filter(([name]) => SHARED[name] === undefined);
  return {
    ...rest,
    dependencies: Object.fromEntries(own),
    peerDependencies: { ...manifest.peerDependencies, ...SHARED },
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
