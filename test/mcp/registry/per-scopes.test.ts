import { expect, test } from 'vitest';
import { perScopes } from '../../../src/mcp/registry/per-scopes.ts';

test('whoever has the same scopes, in any order, is shown what was made once', () => {
  const made: string[] = [];
  const listOf = perScopes((scopes) => {
    made.push(scopes.join(' '));
    return { scopes };
  });
  const first = listOf({ scopes: ['a', 'b'] });
  expect(listOf({ scopes: ['b', 'a', 'b'] })).toBe(first);
  expect(listOf({ scopes: ['a'] })).not.toBe(first);
  expect(listOf({ scopes: [] })).not.toBe(first);
  // One scope with a space, or a comma, is not two.
  expect(listOf({ scopes: ['a b'] })).not.toBe(first);
  expect(listOf({ scopes: ['a,b'] })).not.toBe(first);
  expect(made).toEqual(['a b', 'a', '', 'a b', 'a,b']);
});

test('of any number of sets the latest 64 are kept', () => {
  let made = 0;
  const listOf = perScopes(() => (made += 1));
  for (let n = 0; n < 65; n += 1) listOf({ scopes: [`s${n}`] });
  listOf({ scopes: ['s64'] });
  listOf({ scopes: ['s1'] });
  expect(made).toBe(65);
  listOf({ scopes: ['s0'] });
  expect(made).toBe(66);
});
