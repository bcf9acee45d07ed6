/**
 * After `npm ci`: the Node that this repository brings stands on its scripts' path. npm 11 links it by itself; npm 10
 * drops the link along with the packages for other platforms. Plain JavaScript, because the machine's own Node runs it.
 */
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const link = join('node_modules', '.bin', 'node');
const binary = join(`node-${process.platform}-${process.arch}`, 'bin', 'node');
if (process.platform !== 'win32' && !existsSync(link) && existsSync(join('node_modules', binary))) {
  symlinkSync(join('..', binary), link);
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (!existsSync(link) && !(major > 23 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18))) {
  console.error(
    `This is Node ${process.version}, and the scripts of this repository need 22.18 or later. The Node that comes with it was not\n` +
      'installed: leave out --omit=optional, or install a Node of your own.',
  );
}
