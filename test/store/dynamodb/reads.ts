/** For tests on a scripted engine: each read of the driver, and what a log `l` of the app `app` answers them. */
import type { Store } from '../../../src/store/store.ts';
import type { Asked, Scripted } from './script.ts';
import { append, NOW, options } from './stage.ts';

export const KEY = { partition: 'p', id: 'a' };
export const S = (text: string) => ({ S: text });
export const N = (number: number) => ({ N: String(number) });
export const segment = (first: number, values: readonly number[], more: object = {}) => ({
  pk: S('app#l#l'),
  sk: S(String(first).padStart(16, '0')),
  c: N(values.length),
  t: N(NOW),
  p: S('epoch'),
  n: S('c1'),
  j: S(JSON.stringify(values)),
  ...more,
});

/** A query of the log `l`, whose segments are given the last first. */
export function segmentsFor({ operation, input }: Asked, segments: readonly { sk: { S: string } }[]): Scripted {
  if (operation !== 'Query') return { body: {} };
  const values = input['ExpressionAttributeValues'] as Record<string, { S: string }>;
  if (values[':pk']?.S !== 'app#l#l') return { body: { Items: [] } };
  const place = values[':place']?.S ?? '~';
  return { body: { Items: segments.filter(({ sk }) => sk.S <= place) } };
}

export const READS: Record<string, (store: Store) => Promise<unknown>> = {
  get: (store) => store.get(KEY, NOW),
  getMany: (store) => store.getMany([KEY], NOW),
  list: (store) => store.list('p', { now: NOW, limit: 10 }),
  read: (store) => store.read('l', null, 10),
  last: (store) => store.last('l', 10),
  seek: (store) => store.seek('l', NOW),
  extent: (store) => store.extent('l'),
  trim: (store) => store.trim('l', { now: NOW, keep: 1, limit: 10 }),
  'a check': (store) => store.commit([{ kind: 'check', ...KEY, expects: 'v' }], options('c1')),
  'an append': (store) => store.commit([append()], options('c1')),
};
