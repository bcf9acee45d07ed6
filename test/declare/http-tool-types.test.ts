/** What the compiler knows of an HTTP tool, and what it refuses. Nothing here is run but the declaring itself. */
import { expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import { api, httpTool, secret } from '../../src/index.ts';

const description = 'x';
const url = 'https://api.example.org/x';
const input = z.object({ id: z.string(), size: z.int().default(5), maybe: z.string().optional() });

test('functions of the arguments get those that the schema gives out', () => {
  httpTool({
    description,
    input,
    url: ({ size }) => {
      expectTypeOf(size).toBeNumber();
      return '/x';
    },
    api: api({ name: 'a', url }),
    query: {
      id: ({ maybe }) => {
        expectTypeOf(maybe).toEqualTypeOf<string | undefined>();
        return maybe;
      },
      list: ({ size }) => [size, 'a', true],
      key: secret('KEY', (key) => `k=${key}`),
      // @ts-expect-error no parameter is an object
      wrong: ({ id }) => ({ id }),
    },
    unsent: ['id'],
    cost: ({ size }) => size,
    cache: { ttlMs: 1, key: ({ id }) => id },
    guard: { url: '/y', refuse: ({ input: { id } }) => id },
  });
  // @ts-expect-error no such argument
  httpTool({ description, input, url, unsent: ['idd'] });
  // @ts-expect-error no such argument
  httpTool({ description, input, url, cache: { ttlMs: 1, key: ({ idd }) => String(idd) } });
  expect(httpTool({ description, url }).kind).toBe('tool');
});

test('what is picked is what the output takes, and the text is of what it gives', () => {
  const output = z.object({ n: z.string().transform(Number) });
  httpTool({
    description,
    url,
    output,
    pick: () => ({ n: '5' }),
    text: ({ n }) => {
      expectTypeOf(n).toBeNumber();
      return String(n);
    },
  });
  // @ts-expect-error a number is what the schema gives out, not what it takes
  httpTool({ description, url, output, pick: () => ({ n: 5 }) });
});

test('a list is picked as one', () => {
  const item = z.object({ n: z.number() });
  httpTool({
    description,
    url,
    item,
    pick: () => [{ n: 5 }],
    text: ({ items }) => {
      expectTypeOf(items).toEqualTypeOf<{ n: number }[]>();
      return '';
    },
    paging: { by: 'link', query: 'page' },
  });
  // @ts-expect-error one item is no list
  httpTool({ description, url, item, pick: () => ({ n: 5 }) });
  // @ts-expect-error a cursor stands somewhere
  httpTool({ description, url, item, paging: { by: 'cursor', query: 'page' } });
});
