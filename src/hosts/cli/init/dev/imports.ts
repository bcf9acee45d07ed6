/**
 * Which files an app is read from, as Node resolves its imports. A file is told before it is read, so that a file with a mistake,
 * and one that is not there yet, are known too. Packages and this package's own code are left out.
 */
import module from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const OWN_CODE = new URL('../../../../', import.meta.url).href;
const PACKAGES = '/node_modules/';

/** Neither a package's, nor this package's own. */
const isOurs = (url: string) => !url.includes(PACKAGES) && !url.startsWith(OWN_CODE);

/** @param tell gets paths, each once */
export function watchImports(file: string, tell: (files: readonly string[]) => void): void {
  const told = new Set<string>();
  const note = (url: string) => {
    if (!url.startsWith('file:') || told.has(url)) return;
    told.add(url);
    tell([fileURLToPath(url.replace(/[?#].*$/, ''))]);
  };
  note(pathToFileURL(resolve(file)).href);
  // From Node 22.15 on. On one before, the app's own file alone is watched.
  module.registerHooks?.({
    resolve(specifier, context, next) {
      const { parentURL: parent } = context;
      const isRelative = /^\.{0,2}\//.test(specifier);
      if (parent !== undefined && isRelative && isOurs(parent) && URL.canParse(specifier, parent)) {
        note(new URL(specifier, parent).href);
      }
      const found = next(specifier, context);
      if (isOurs(found.url)) note(found.url);
      return found;
    },
  });
}
