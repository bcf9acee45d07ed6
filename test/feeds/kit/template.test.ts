import { describe, expect, it, test } from 'vitest';
import { fc } from '../../properties.ts';
import {
  fillBody,
  fillHeader,
  fillUrl,
  type Placeholders,
  placeholdersWithin,
} from '../../../src/feeds/kit/template.ts';
import { parseSourceTime, TIME_FORMATS, writeSourceTime } from '../../../src/base/time/source-time.ts';

const NS = 1_790_000_000_123_456_789n;
const values: Placeholders = { since: NS, until: null, now: NS, cursor: 'a&b="c"\n{now}', wait: 20 };

describe('a placeholder', () => {
  it('stays within its parameter or segment of a URL', () => {
    const url = new URL(
      fillUrl('https://example.org/{cursor}/x?query={a="{b}"}&c={cursor}&s={since}&u={until}', values, 's'),
    );
    expect(url.host).toBe('example.org');
    expect(url.pathname.split('/')).toHaveLength(3);
    expect([...url.searchParams]).toEqual([
      ['query', '{a="{b}"}'],
      ['c', values.cursor],
      ['s', '1790000000.123456789'],
      ['u', ''],
    ]);
  });

  it('is as it is in a header', () => {
    expect(fillHeader('wait={wait}; {other}', values, 'iso')).toBe('wait=20; {other}');
  });

  it('is escaped in JSON, and has its type where it stands alone', () => {
    const json = { a: '{cursor}', b: ['x {cursor}', '{until}', '{wait}'], c: { '{now}': '{other}' }, d: 1, e: null };
    const { type, text } = fillBody({ json }, values, 'ms');
    expect(type).toBe('application/json');
    expect(JSON.parse(text)).toEqual({
      ...json,
      a: values.cursor,
      b: [`x ${values.cursor}`, null, 20],
    });
  });

  it.each([
    ['iso', '2026-09-21T14:13:20.123456789Z'],
    ['s', '1790000000.123456789'],
    ['ms', '1790000000123.456789'],
    ['ns', '1790000000123456789'],
  ] as const)('is a time in JSON as %s', (format, expected) => {
    expect(JSON.parse(fillBody({ json: '{since}' }, values, format).text)).toBe(expected);
  });

  it('is a number in JSON where one holds it', () => {
    const round = { ...values, since: 1_790_000_000_500_000_000n };
    expect(JSON.parse(fillBody({ json: '{since}' }, round, 's').text)).toBe(1_790_000_000.5);
    expect(JSON.parse(fillBody({ json: '{since}' }, round, 'ms').text)).toBe(1_790_000_000_500);
  });

  it('is encoded in a form', () => {
    const { type, text } = fillBody({ form: { q: 'x={cursor}', 'a b': '{since}' } }, values, 'ns');
    expect(type).toBe('application/x-www-form-urlencoded');
    expect([...new URLSearchParams(text)]).toEqual([
      ['q', `x=${values.cursor}`],
      ['a b', String(NS)],
    ]);
  });

  it('is found wherever it stands', () => {
    expect(placeholdersWithin({ a: ['{since} {x}', { '{until}': 1 }], b: null })).toEqual(['since', 'until']);
  });
});

describe('a time', () => {
  it.each([
    ['iso', '2026-09-21T14:13:20Z', 1_790_000_000_000_000_000n],
    ['iso', '2026-09-21T16:13:20.5+02:00', 1_790_000_000_500_000_000n],
    ['iso', '2026-09-21T14:13:20.123456Z', 1_790_000_000_123_456_000n],
    ['iso', '2026-09-21', 1_789_948_800_000_000_000n],
    ['s', 1_790_000_000.25, 1_790_000_000_250_000_000n],
    ['s', '-1.5', -1_500_000_000n],
    ['ms', '1790000000123', 1_790_000_000_123_000_000n],
    ['ns', '1790000000123456789', NS],
    ['iso', '7', null],
    ['iso', 'yesterday', null],
    ['s', '1e9', null],
    ['s', '', null],
    ['s', '9'.repeat(30), null],
    ['us', 1_790_000_000_123_456, 1_790_000_000_123_456_000n],
    ['ms', 1_790_000_000, null],
    ['ms', Number.NaN, null],
    ['ms', null, null],
    ['ms', [1], null],
  ] as const)('in %s: %j is %s', (format, value, expected) => {
    expect(parseSourceTime(value, format)).toBe(expected);
  });

  test('is the same when it was written and read, to the last nanosecond', () => {
    // In the first weeks of 1970 a count is taken for one of another unit.
    const Time = fc.oneof(
      fc.bigInt({ min: -(10n ** 18n), max: 0n }),
      fc.bigInt({ min: 10n ** 17n, max: 4n * 10n ** 18n }),
    );
    fc.assert(
      fc.property(Time, fc.constantFrom(...TIME_FORMATS), (time, format) => {
        expect(parseSourceTime(writeSourceTime(time, format), format)).toBe(time);
      }),
    );
  });
});
