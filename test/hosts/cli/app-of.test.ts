/** What a module exports in place of an app is told, and what to write. */
import { expect, test } from 'vitest';
import { defineApp } from '../../../src/index.ts';
import { appOf } from '../../../src/hosts/cli/kit/app-of.ts';

const app = defineApp({ name: 'exported', version: '1', description: 'x' });

test.each([
  ['its default export', { default: app }],
  ['what a compiler makes of it for CommonJS', { default: { default: app } }],
])('an app is taken as %s', (_what, exports) => {
  expect(appOf('app.ts', exports)).toBe(app);
});

test.each([
  [{}, 'app.ts has no app as its default export', 'a .ts, .mts, .js or .mjs module'],
  [{ app }, 'it exports the app as app', 'export default app'],
  [{ default: { name: 'x' }, mine: app }, 'it exports the app as mine', 'export default mine'],
  [{ default: Promise.resolve(app) }, 'it is a promise', 'export default await …'],
  [{ default: () => app }, 'it is a function', 'the app that it makes'],
  [{ default: { fetch: () => null } }, 'it is a host', 'the module of the app itself'],
  [{ default: { name: 'x', version: '1' } }, 'it is not declared', 'defineApp({ … }) around it'],
  [{ default: 5 }, 'it is of type number', 'a .ts, .mts, .js or .mjs module'],
  [{ default: null }, 'it is of type null', 'a .ts, .mts, .js or .mjs module'],
])('%#: %s', (exports, found, expected) => {
  const refusal = { code: 'invalid_config', field: '--app', message: expect.stringContaining(found) as string };
  expect(() => appOf('app.ts', exports)).toThrow(
    expect.objectContaining({ ...refusal, expected: expect.stringContaining(expected) as string }),
  );
});
