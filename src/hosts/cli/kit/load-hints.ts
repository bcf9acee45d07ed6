/** What to do about an error of Node's with which an app's module did not load, where its message does not say it. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { nearestName } from '../../../base/known-names.ts';

/** @param exported answers the names that the package exports */
export async function hintOf(file: string, thrown: unknown, exported: () => Promise<string[]>): Promise<string> {
  const code = (thrown as { code?: string } | null)?.code;
  const reason = reasonOf(thrown);
  const [, module] = /^Error: Cannot find module '([^']+)' imported/.exec(reason) ?? [];
  if (module !== undefined) return pathHint(module);
  if (code === 'ERR_MODULE_NOT_FOUND') return 'install the package in the folder of that module, or mend its name';
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    return 'Node takes types away and nothing more: write enums, namespaces and parameter properties as JavaScript, or build the file first';
  }
  if (/protocol 'cloudflare:'/.test(reason)) {
    return 'a module that imports tidegate/worker is for Cloudflare: name the module of the app itself, which it imports';
  }
  if (/^SyntaxError: (?:Cannot use import statement outside a module|Unexpected token 'export')/.test(reason)) {
    const module = basename(file).replace(/\.([jt]s)$/, '.m$1');
    return `a package.json beside it or above makes it CommonJS: set "type": "module" there, or call the file ${module}`;
  }
  if (/\b(?:require|module|exports|__dirname) is not defined in ES module scope/.test(reason)) {
    return 'write import and export default in place of require and module.exports, or call the file .cjs';
  }
  const [, name] = /'tidegate' does not provide an export named '(\w+)'/.exec(reason) ?? [];
  const near = name === undefined ? null : nearestName(name, await exported());
  return near === null ? `node ${file} shows the whole stack` : `did you mean ${near}?`;
}

/** Node takes paths as they are, while many builders add what is missing. */
function pathHint(path: string): string {
  const written = path.replace(/\.[cm]?js$/, '');
  const found = ['.ts', '.mts', '.js', '.mjs', '/index.ts', '/index.js'].find((end) => existsSync(written + end));
  if (found === undefined) return 'mend the path of that import';
  return `Node wants the whole name: import '…/${basename(written)}${found}'`;
}

/** The first line of what was thrown. */
export function reasonOf(thrown: unknown): string {
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return text.split('\n', 1)[0] ?? '';
}
