/**
 * After `npm ci`: the Node that this repository brings stands on its scripts' path. npm 11 links it by itself; npm 10
 * drops the link along with the packages for other platforms. Plain JavaScript, because the machine's own Node runs it.
 */
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { neededText, readsTypeScript } from './repository-node.mjs';

const link = join('node_modules', '.bin', 'node');
const binary = join(`node-${process.platform}-${process.arch}`, 'bin', 'node');
if (process.platform !== 'win32' && !existsSync(link) && existsSync(join('node_modules', binary))) {
  symlinkSync(join('..', binary), link);
}

if (!existsSync(link) && !readsTypeScript(process.versions.node)) console.error(neededText(process.versions.node));
