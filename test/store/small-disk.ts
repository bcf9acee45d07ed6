/** A disk that is soon full, for tests of what then happens. It is a file system in memory, which only root may mount. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why there is none here; null: there is. */
export const noSmallDisk: string | null =
  process.platform === 'linux' && process.getuid?.() === 0 && canMount() ? null : 'needs root on Linux, to mount tmpfs';

export interface SmallDisk {
  folder: string;
  /** Takes all room that is left. */
  fill(): void;
  /** Gives back what `fill` took. */
  free(): void;
  remove(): void;
}

export function mountSmallDisk(bytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder]);
  const ballast = join(folder, 'ballast');
  return {
    folder,
    fill() {
      const { bavail, bsize } = statfsSync(folder);
      if (bavail > 0) execFileSync('fallocate', ['--offset', '0', '--length', String(bavail * bsize), ballast]);
    },
    free: () => rmSync(ballast, { force: true }),
    remove() {
      execFileSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true });
    },
  };
}

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4096', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
