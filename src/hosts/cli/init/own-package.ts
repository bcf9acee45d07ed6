/** This package, as a new app depends on it: by its version from the registry, or by the tarball from which it was installed. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the package that this file belongs to, as source and as published. */
const OWN_FOLDER = fileURLToPath(new URL('../../../../', import.meta.url));

/** What stands in `dependencies`. @param folder of the package. Default: the one of this file */
export function ownRange(folder = resolve(OWN_FOLDER)): string {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  const file = tarballOf(folder);
  return file === null ? `^${version}` : `file:${file}`;
}

/** As npm notes it beside what it installed; null: it came from elsewhere, or the tarball is gone. */
function tarballOf(folder: string): string | null {
  const modules = dirname(folder);
  try {
    const { packages } = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')) as {
      packages?: Record<string, { resolved?: string }>;
    };
    const { resolved = '' } = packages?.['node_modules/tidegate'] ?? {};
    const file = resolve(dirname(modules), resolved.replace(/^file:/, ''));
    return /^file:.*\.tgz$/.test(resolved) && existsSync(file) ? file : null;
  } catch {
    return null;
  }
}
