/**
 * The settings of a folder as a deployment would find them: those of its file, or, where it has none, those of a file that would be
 * written. To be read and built, such a file stands in a folder of its own for as long as it is looked at.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { AppNeeds } from '../../platforms/app-needs.ts';
import { workerNameOf } from '../../platforms/cloudflare-names.ts';
import { ENTRY_FILE, workerEntry, wranglerToml } from '../../platforms/cloudflare-settings.ts';
import { temporaryFolder } from './programs/temporary-folder.ts';
import { settingsFile } from './wrangler.ts';

export interface SettingsProbe {
  /** The name of the file in the folder. */
  file: string;
  /** What is to be read and built. */
  path: string;
  text: string;
  /** Files that a deployment writes first, by their names. */
  written: ReadonlyMap<string, string>;
  /** Takes away what was made to be looked at. */
  end: () => void;
}

interface Probed {
  folder: string;
  /** Path of the app's module. */
  appFile: string;
  appName: string;
  needs: Pick<AppNeeds, 'schedule' | 'queue'>;
  environment: string | null;
  /** A word of `AUTH` for a new file. */
  auth: string;
}

/** Wrangler's own folder for what it makes, which no repository keeps. */
const OWN_FOLDER = '.wrangler';

export function probeSettings({ folder, appFile, appName, needs, environment, auth }: Probed): SettingsProbe {
  const file = settingsFile(folder);
  if (file !== null) {
    const path = join(folder, file);
    return { file, path, text: readFileSync(path, 'utf8'), written: new Map(), end: () => {} };
  }
  const text = wranglerToml(needs, { worker: workerNameOf(appName), auth, store: 'redis', environment });
  const hasEntry = existsSync(join(folder, ENTRY_FILE));
  const entry = workerEntry(importPath(folder, appFile));
  const probed = temporaryFolder('tidegate-', join(folder, OWN_FOLDER));
  const main = join(probed.path, ENTRY_FILE);
  writeFileSync(
    main,
    hasEntry ? `export { default } from '../../${ENTRY_FILE}';\n` : workerEntry(importPath(probed.path, appFile)),
  );
  const path = join(probed.path, 'wrangler.toml');
  writeFileSync(path, text);
  return {
    file: 'wrangler.toml',
    path,
    text,
    written: new Map([['wrangler.toml', text], ...(hasEntry ? [] : [[ENTRY_FILE, entry] as const])]),
    end: probed.remove,
  };
}

/** A file as a module of that folder imports it. */
export function importPath(from: string, appFile: string): string {
  const path = relative(from, appFile).replaceAll('\\', '/');
  return path.startsWith('.') ? path : `./${path}`;
}
