/** Finds the app among what a module exports, and says of another module what it exports in place of one. Pure. */
import type { App } from '../../../declare/app.ts';
import { TidegateError } from '../../../base/errors.ts';

/** What a module of an app is, for messages. */
export const MODULE = 'a .ts, .mts, .js or .mjs module with `export default defineApp({ … })`';

type Exports = Readonly<Record<string, unknown>>;

/** @throws TidegateError `invalid_config` */
export function appOf(file: string, exports: Exports): App {
  const given = exports['default'];
  if (isApp(given)) return given;
  // What a compiler makes of a module for CommonJS.
  const within = membersOf(given)['default'];
  if (isApp(within)) return within;
  const { found, expected } = insteadOf(exports);
  const message = `${file} has no app as its default export${found === null ? '' : `: ${found}`}`;
  throw new TidegateError('invalid_config', message, { field: '--app', expected });
}

function insteadOf(exports: Exports): { found: string | null; expected: string } {
  const named = Object.keys(exports).find((name) => isApp(exports[name]));
  if (named !== undefined) return { found: `it exports the app as ${named}`, expected: `export default ${named}` };
  const given = exports['default'];
  const members = membersOf(given);
  const expected = MODULE;
  if (given === undefined) return { found: null, expected };
  if (given instanceof Promise) return { found: 'it is a promise', expected: 'export default await …' };
  if (typeof given === 'function') return { found: 'it is a function', expected: 'the app that it makes' };
  if (typeof members['fetch'] === 'function' || typeof members['http'] === 'function') {
    return { found: 'it is a host', expected: 'the module of the app itself, which the host imports' };
  }
  if (typeof members['name'] === 'string')
    return { found: 'it is not declared', expected: 'defineApp({ … }) around it' };
  return { found: `it is of type ${given === null ? 'null' : typeof given}`, expected };
}

function isApp(value: unknown): value is App {
  return membersOf(value)['streams'] instanceof Map;
}

function membersOf(value: unknown): Exports {
  return typeof value === 'object' && value !== null ? (value as Exports) : {};
}
