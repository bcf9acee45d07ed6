import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { checkAllStored, createCodec } from '../../src/base/codec.ts';

const point = () => z.object({ x: z.number(), label: z.string().optional() });
const codeOf = (work: () => unknown) => {
  try {
    return work();
  } catch (thrown) {
    return (thrown as { code?: unknown }).code;
  }
};

afterEach(() => checkAllStored(true));

describe('a codec of version 1', () => {
  test('stores the value itself and reads it back', () => {
    const codec = createCodec('point', point);
    expect(codec.encode({ x: 1 })).toEqual({ x: 1 });
    expect(codec.decode({ x: 1 })).toEqual({ x: 1 });
  });

  test('asks no schema unless it is told to', () => {
    checkAllStored(false);
    let asked = 0;
    const codec = createCodec('point', () => {
      asked += 1;
      return point();
    });
    codec.decode(codec.encode({ x: 1 }));
    expect(asked).toBe(0);
    checkAllStored(true);
    codec.decode({ x: 1 });
    expect(asked).toBe(1);
  });

  test.each([
    ['a member of another type', { x: 'one' }],
    ['a member that is missing', { label: 'a' }],
    ['a member that the schema does not declare', { x: 1, y: 2 }],
  ])('notices %s', (_what, value) => {
    const codec = createCodec('point', point);
    expect(codeOf(() => codec.decode(value))).toBe('internal');
    expect(codeOf(() => codec.encode(value as never))).toBe('internal');
  });

  test('takes a member that is undefined as one that is missing, as JSON does', () => {
    const codec = createCodec('point', point);
    expect(() => codec.encode({ x: 1, label: undefined })).not.toThrow();
  });

  test('refuses a value that would be read as one of another version', () => {
    checkAllStored(false);
    const codec = createCodec('anything', () => z.record(z.string(), z.number()));
    expect(codeOf(() => codec.encode({ $v: 2, value: 1 }))).toBe('internal');
  });
});

const third = () =>
  createCodec('name', () => z.object({ first: z.string(), last: z.string() }), {
    version: 3,
    upgrade: {
      1: (text) => ({ whole: text }),
      2: (value) => {
        const [first, last] = (value as { whole: string }).whole.split(' ');
        return { first: first ?? '', ...(last === undefined ? {} : { last }) };
      },
    },
  });
const second = () => createCodec('name', () => z.object({ whole: z.string() }), { version: 2, upgrade: { 1: String } });

describe('a codec of a later version', () => {
  test('says its version in what it stores', () => {
    const codec = third();
    const stored = codec.encode({ first: 'Ada', last: 'Lovelace' });
    expect(stored).toEqual({ $v: 3, value: { first: 'Ada', last: 'Lovelace' } });
    expect(codec.decode(stored)).toEqual({ first: 'Ada', last: 'Lovelace' });
  });

  test('upgrades what older versions stored, a text, an object or an array', () => {
    expect(third().decode('Ada Lovelace')).toEqual({ first: 'Ada', last: 'Lovelace' });
    expect(third().decode(second().encode({ whole: 'Ada Lovelace' }))).toEqual({ first: 'Ada', last: 'Lovelace' });
    const list = createCodec('list', () => z.array(z.number()), { version: 2, upgrade: { 1: () => [0] } });
    expect(list.decode([])).toEqual([0]);
    expect(list.decode(list.encode([]))).toEqual([]);
  });

  test.each([true, false])('holds an upgraded value against the schema; checking all: %s', (all) => {
    checkAllStored(all);
    expect(codeOf(() => third().decode('Ada'))).toBe('internal');
  });

  test('refuses what a newer version stored, and names record and versions', () => {
    const stored = third().encode({ first: 'Ada', last: 'Lovelace' });
    expect(codeOf(() => second().decode(stored))).toBe('newer_version');
    expect(() => second().decode(stored)).toThrow(/^name has version 3; this release knows version 2$/);
    expect(codeOf(() => createCodec('name', () => z.string()).decode(stored))).toBe('newer_version');
  });

  test('cannot be declared without an upgrade from each version before', () => {
    expect(codeOf(() => createCodec('name', point, { version: 3, upgrade: { 1: (value) => value } }))).toBe('internal');
  });
});
