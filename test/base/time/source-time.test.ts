/** What sources write as times: each form once, what is refused and why, and the same reading on every machine. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { fc } from '../../properties.ts';
import { readSourceTime, type TimeUnit } from '../../../src/base/time/source-time.ts';
import { zoneOf } from '../../../src/base/time/zone.ts';

const NOON = Date.UTC(2026, 10, 20, 12);
const DAY_MS = 86_400_000;

const two = (part: number) => String(part).padStart(2, '0');

/** Epoch ms, or what was expected instead. */
function read(value: unknown, unit: TimeUnit | null = null, zone: string | null = null): number | string {
  const reading = readSourceTime(value, { unit, zone: zone === null ? null : zoneOf(zone), field: 'at' });
  return reading.ok ? reading.time : reading.expected;
}

describe('ISO 8601', () => {
  test.each([
    ['2026-11-20T12:00:00Z', NOON],
    ['20261120T120000Z', NOON],
    ['2026-11-20T120000Z', NOON],
    ['2026-324T12:00:00Z', NOON],
    ['2026324T120000Z', NOON],
    ['2026-W47-5T12:00:00Z', NOON],
    ['2026W475T120000Z', NOON],
    ['+002026-11-20T12:00:00Z', NOON],
    ['2026-11-20t12:00:00z', NOON],
    ['2026-11-20 12:00:00Z', NOON],
    ['2026-11-20 12:00:00 UTC', NOON],
    ['2026-11-20 13:00:00 +0100', NOON],
    ['2026-11-20T13:00:00+01', NOON],
    ['2026-11-20T13:00:00+01:00', NOON],
    ['2026-11-20T13:00:00+0100', NOON],
    ['2026-11-20T08:30:00\u221203:30', NOON],
    ['2026-11-20T12:00:00-00:00', NOON],
    ['2026-11-20T13:00:00+01:00[Europe/Berlin]', NOON],
    ['2026-11-20T12Z', NOON],
    ['2026-11-20T12:00Z', NOON],
    ['2026-11-20T1200Z', NOON],
    ['2026-11-20T12:00:00,25Z', NOON + 250],
    ['2026-11-20T12:00:00.123456789Z', NOON + 123],
    ['2026-11-20T12:30,5Z', NOON + 30.5 * 60_000],
    ['2026-11-20T12.25Z', NOON + 15 * 60_000],
    ['2026-11-20T24:00:00Z', NOON + DAY_MS / 2],
    ['2026-11-20T24Z', NOON + DAY_MS / 2],
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
    ['2017-01-01T05:29:60.5+05:30', Date.UTC(2017, 0, 1, 0, 0, 0, 500)],
    [' 2026-11-20T12:00:00Z\n', NOON],
    ['2026-11-20', NOON - DAY_MS / 2],
    ['2026-W47', Date.UTC(2026, 10, 16)],
    ['2026-11', Date.UTC(2026, 10, 1)],
    ['2026', Date.UTC(2026, 0, 1)],
    ['2020-W53-7', Date.UTC(2021, 0, 3)],
    ['2024-366', Date.UTC(2024, 11, 31)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['0099-01-01T00:00:00Z', new Date('0099-01-01T00:00:00Z').getTime()],
  ])('%s', (text, time) => {
    expect(read(text)).toBe(time);
  });

  test.each([
    '2026-02-30T00:00:00Z',
    '2026-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-366',
    '2026-000',
    '2026-W54-1',
    '2021-W53-1',
    '2026-W47-8',
    '2026-11-20T25:00:00Z',
    '2026-11-20T24:00:01Z',
    '2026-11-20T24:00:00.000000001Z',
    '2026-11-20T12:60:00Z',
    '2026-11-20T12:00:61Z',
    '2026-11-20T12:00:60Z',
    '2026-11-20T23:59:60+01:00',
    '2026-11-20T12:00:00+24:00',
    '2026-11-20T12:00:00+01:60',
    '-000000-01-01',
    '+275761-01-01T00:00:00Z',
  ])('%s is a day or a time that there is not', (text) => {
    expect(read(text)).toMatch(/^a day and a time that there are, not "/);
  });
});

describe('mail, RSS and HTTP', () => {
  test.each([
    ['Fri, 20 Nov 2026 12:00:00 +0000', NOON],
    ['Thu, 20 Nov 2026 12:00:00 +0000', NOON],
    ['20 Nov 2026 12:00 GMT', NOON],
    ['Fri,20 Nov 2026 07:00:00 EST', NOON],
    ['20 Nov 26 12:00 Z', NOON],
    ['20 Nov 126 12:00 Z', NOON],
    ['01 Jan 50 00:00 UT', Date.UTC(1950, 0, 1)],
    ['Friday, 20-Nov-26 12:00:00 GMT', NOON],
    ['Fri Nov 20 12:00:00 2026', NOON],
    ['Fri Nov 20 12:00:00 +0000 2026', NOON],
    ['November 20, 2026, 1:00 PM CET', NOON],
    ['20 Nov. 2026 12:00am', NOON - DAY_MS / 2],
    ['Fri, 20 Nov 2026 12:00:00 A', NOON],
    ['Fri, 20 Nov 2026 19:00:00 GMT+7', NOON],
    ['Fri, 20 Nov 2026 19:00:00 +07:00', NOON],
    ['Fri, 20 Nov 2026 13:00:00 +0100 (Central European Time)', NOON],
    ['Fri, 20 Nov 2026 04:00:00 America/Los_Angeles', NOON],
    ['Fri, 20 Nov 2026 04:00:00 PT', NOON],
    ['Tue, 21 Jul 2026 05:00:00 PT', Date.UTC(2026, 6, 21, 12)],
    ['20 Nov 2026', NOON - DAY_MS / 2],
    ['Fri, 20th Nov 2026 12:00:00 GMT', NOON],
    ['Friday, November 20, 2026 - 12:00pm', NOON],
    ['Fri, November 20, 2026 at 07:00 AM EST', NOON],
    ['Fr, 20 Nov 2026 13:00:00 +0100', NOON],
    ['ven., 20 Nov 2026 13:00:00 +0100', NOON],
    ['Nov, 20 2026 12:00', NOON],
  ])('%s', (text, time) => {
    expect(read(text)).toBe(time);
  });

  test.each([
    ['Fri, 31 Nov 2026 12:00:00 GMT', 'a day and a time that there are'],
    ['Fri, 20 Nov 2026 24:30:00 GMT', 'a day and a time that there are'],
    ['Fri, 20 Nov 2026 12:00:00 +2500', 'a day and a time that there are'],
    ['Fri, 20 Nov 2026 12:00:00 IST', 'a time in ISO 8601'],
    ['Fri, 20 Nov 2026 12:00:00 BST', 'a time in ISO 8601'],
    ['Fri, 20 Nov 2026 12:00:00 Mars/Olympus', 'a time in ISO 8601'],
    ['Fri, 20 Nov 2026 13:00 PM GMT', 'a time in ISO 8601'],
    ['Fri, 20 Nov 12:00:00 GMT', 'a time in ISO 8601'],
    ['Fr, 20. November 2026 12:00', 'a time in ISO 8601'],
    ['lundi 20 novembre 2026', 'a time in ISO 8601'],
    ['Sun, 16 Dec 2012 1:2:3:4 GMT', 'a time in ISO 8601'],
    ['20 Nov 2026 12:00 - 13:00', 'a time in ISO 8601'],
    ['20 Nov 2026 12:00 - 0500', 'a time in ISO 8601'],
    ['ven., 20 juil. 2026 12:00:00 GMT', 'a time in ISO 8601'],
    ['20xx Nov 2026', 'a time in ISO 8601'],
  ])('%s is refused', (text, expected) => {
    expect(read(text)).toContain(expected);
  });
});

test.each([
  '05.04.2026 12:00',
  '05/04/2026',
  '2026/11/20',
  '12',
  '1.5',
  'Week 12',
  'Sensor 7',
  '12:00',
  'yesterday',
  'May 2026',
  '',
  '2026-11-20T12:00:00-05:00Z',
  '2026-11-20T',
  'T12:00',
  '2026-11-20/2026-11-21',
  'P1D',
  '2026-11-20T12:00:00[Europe/Berlin]',
  '03-12-31',
  '031231',
  `2026-11-20T12:00:00Z${'0'.repeat(200)}`,
])('%j is no time, and nothing is guessed', (text) => {
  expect(read(text)).toMatch(/^a time in ISO 8601 \(2026-11-20T12:00:00Z\) or RFC 2822/);
});

test.each([null, undefined, true, {}, [], 7n])('%s is neither a text nor a number', (value) => {
  expect(read(value)).toBe('a time, as a text or a number');
});

describe('counts since 1970', () => {
  test.each<[unknown, TimeUnit | null, number]>([
    [NOON, null, NOON],
    [NOON + 0.9, null, NOON],
    [-1.5, 'ms', -2],
    [new Date(NOON), null, NOON],
    [NOON / 1000, 's', NOON],
    [NOON / 1000 + 0.123, 's', NOON + 123],
    [String(NOON / 1000), 's', NOON],
    ['1795176000.123456', 's', NOON + 123],
    [NOON * 1000 + 7, 'us', NOON],
    ['1795176000123456789', 'ns', NOON + 123],
    [1, 'ms', 1],
    [1e12, null, Date.UTC(2001, 8, 9, 1, 46, 40)],
    [String(NOON), null, NOON],
    [` ${NOON}.9 `, null, NOON],
    ['20261120', null, NOON - DAY_MS / 2],
    ['2026324', null, NOON - DAY_MS / 2],
    [0, 's', 0],
    [1e-7, 's', 0],
  ])('%s in %s', (value, unit, time) => {
    expect(read(value, unit)).toBe(time);
  });

  test.each<[unknown, TimeUnit | null, string]>([
    [1_795_176_000, null, "not 1795176000, which looks like seconds: declare time: { field: 'at', unit: 's' }"],
    [12, null, "not 12: a count since 1970 needs its unit, such as time: { field: 'at', unit: 's' }"],
    [-86_400, null, "time: { field: 'at', unit: 's' }"],
    [0, null, "time: { field: 'at', unit: 's' }"],
    [46_346.5, null, 'not 46346.5: a count since 1970 needs its unit'],
    [1e12 - 1, null, "time: { field: 'at', unit: 'ms' }"],
    [4.2e12, null, "time: { field: 'at', unit: 'ms' }"],
    [NOON * 1e6, null, "looks like nanoseconds: declare time: { field: 'at', unit: 'ns' }"],
    [2026, null, 'not 2026, which looks like the date 2026: let a function'],
    [
      20_261_120,
      null,
      'not 20261120, which looks like the date 2026-11-20: let a function of the data make that text of it',
    ],
    [20_261_120_120_000, null, 'looks like the date 2026-11-20T12:00:00'],
    ['202611201200', null, 'looks like the date 2026-11-20T12:00:00'],
    ['12', null, "not \"12\": a count since 1970 needs its unit, such as time: { field: 'at', unit: 's' }"],
    ['1234', null, 'not "1234": a count since 1970 needs its unit'],
    ['20261320', null, 'not "20261320": a count since 1970 needs its unit'],
    ['1795176000123456789', null, "unit: 'ns'"],
    [1_795_176_000_000_000, 'ms', "looks like microseconds: declare unit: 'us'"],
    ['1795176000000', 's', "looks like milliseconds: declare unit: 'ms'"],
    [1_795_176_000_000_000_000, 'us', "looks like nanoseconds: declare unit: 'ns'"],
    ['1795176000', null, "time: { field: 'at', unit: 's' }"],
    [Number.NaN, null, 'or milliseconds since 1970, not NaN'],
    [1e17, 's', 'a count of seconds since 1970'],
    [9e15, 'ms', 'a count of milliseconds since 1970'],
    ['2026-11-20T12:00:00Z', 's', 'a count of seconds since 1970, not "2026-11-20T12:00:00Z"'],
    ['0x10', 's', 'a count of seconds since 1970'],
    ['1e9', 's', 'a count of seconds since 1970'],
    ['1e3', 'ms', 'a count of milliseconds since 1970'],
    ['0x10', 'ms', 'a count of milliseconds since 1970'],
    ['', 'ms', 'a count of milliseconds since 1970'],
    [' ', 'ns', 'a count of nanoseconds since 1970'],
    [new Date(Number.NaN), null, 'a Date that is valid'],
  ])('%s in %s is refused', (value, unit, expected) => {
    expect(read(value, unit)).toContain(expected);
  });
});

describe('a time without a zone', () => {
  test.each([
    ['2026-11-20T13:00:00', NOON],
    ['2026-11-20', Date.UTC(2026, 10, 19, 23)],
    ['Fri, 20 Nov 2026 13:00:00', NOON],
    // The clocks go from 02:00 to 03:00: what they jump over is counted on.
    ['2026-03-29T01:59:59', Date.UTC(2026, 2, 29, 0, 59, 59)],
    ['2026-03-29T02:30:00', Date.UTC(2026, 2, 29, 1, 30)],
    ['2026-03-29T03:00:00', Date.UTC(2026, 2, 29, 1)],
    // And from 03:00 back to 02:00: of the hour that comes twice it is the first.
    ['2026-10-25T02:30:00', Date.UTC(2026, 9, 25, 0, 30)],
    ['2026-10-25T03:00:00', Date.UTC(2026, 9, 25, 2)],
    ['2026-11-20T12:00:00Z', NOON],
  ])('%s in Berlin', (text, time) => {
    expect(read(text, null, 'Europe/Berlin')).toBe(time);
  });

  test('says so where no zone is declared either, and was read as UTC', () => {
    const berlin = zoneOf('Europe/Berlin');
    expect(readSourceTime('2026-11-20T12:00:00', { unit: null, zone: null })).toEqual({
      ok: true,
      time: NOON,
      ns: 0,
      zoneless: true,
    });
    expect(readSourceTime('2026-11-20T13:00:00', { unit: null, zone: berlin })).toMatchObject({
      time: NOON,
      zoneless: false,
    });
    expect(readSourceTime('2026-11-20T12:00:00Z', { unit: null, zone: null })).toMatchObject({ zoneless: false });
  });
});

/** The week of ISO 8601, by way of the Thursday that decides its year. */
const weekOf = (at: Date) => {
  const day = (at.getUTCDay() + 6) % 7;
  const thursday = new Date(at.getTime() + (3 - day) * DAY_MS);
  const january = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  const week =
    Math.floor(
      (Date.UTC(thursday.getUTCFullYear(), thursday.getUTCMonth(), thursday.getUTCDate()) - january) / (7 * DAY_MS),
    ) + 1;
  return { year: String(thursday.getUTCFullYear()), week: two(week), day: day + 1 };
};

test('whatever the moment and the form, it is read back to the nanosecond', () => {
  const Moment = fc.record({
    time: fc.integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(2199, 11, 31) }),
    ns: fc.integer({ min: 0, max: 999_999 }),
    minutes: fc.integer({ min: -14 * 60, max: 14 * 60 }),
    date: fc.constantFrom('calendar', 'ordinal', 'week'),
    basic: fc.boolean(),
    separator: fc.constantFrom('T', 't', ' '),
    comma: fc.constantFrom('.', ','),
  });
  fc.assert(
    fc.property(Moment, ({ time, ns, minutes, date, basic, separator, comma }) => {
      const at = new Date(time + minutes * 60_000);
      const [dash, colon] = basic ? ['', ''] : ['-', ':'];
      const year = String(at.getUTCFullYear());
      const { year: weekYear, week, day } = weekOf(at);
      const ordinal =
        (Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()) - Date.UTC(at.getUTCFullYear(), 0, 1)) /
          DAY_MS +
        1;
      const dates = {
        calendar: [year, two(at.getUTCMonth() + 1), two(at.getUTCDate())].join(dash),
        ordinal: [year, String(ordinal).padStart(3, '0')].join(dash),
        week: [weekYear, `W${week}`, String(day)].join(dash),
      };
      const clock = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].map(two).join(colon);
      const fraction = `${String(at.getUTCMilliseconds()).padStart(3, '0')}${String(ns).padStart(6, '0')}`;
      const size = Math.abs(minutes);
      const offset = `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${colon}${two(size % 60)}`;
      const text = `${dates[date]}${separator}${clock}${comma}${fraction}${offset}`;
      expect(readSourceTime(text, { unit: null, zone: null }), text).toEqual({ ok: true, time, ns, zoneless: false });
    }),
    { numRuns: 2_000 },
  );
});

test('a local time is read in its zone as its clocks show it, unless they never do', () => {
  const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'America/Havana'];
  fc.assert(
    fc.property(
      fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2037, 11, 31) }),
      fc.constantFrom(...zones),
      (time, zone) => {
        const shown = new Intl.DateTimeFormat('sv-SE', {
          timeZone: zone,
          dateStyle: 'short',
          timeStyle: 'medium',
        }).format(time);
        const whole = Math.floor(time / 1_000) * 1_000;
        const found = read(shown, null, zone);
        // Of a time that comes twice it is the first.
        const again = whole - Number(found);
        expect(again === 0 || again === 3_600_000 || again === 1_800_000, `${shown} ${zone}`).toBe(true);
      },
    ),
  );
});

test('the zone and the language of the machine play no part', async () => {
  const texts = [
    '2026-11-20T12:00:00',
    '2026-11-20',
    '20 Nov 2026 12:00',
    '05/04/2026',
    '12',
    'Fri Nov 20 12:00:00 2026',
  ];
  const module = new URL('../../../src/base/time/source-time.ts', import.meta.url).href;
  const script = `import { readSourceTime } from ${JSON.stringify(module)};
    console.log(JSON.stringify(${JSON.stringify(texts)}.map((text) => readSourceTime(text, { unit: null, zone: null }))));`;
  const on = async (TZ: string, LANG: string) => {
    const env = { ...process.env, TZ, LANG, LC_ALL: LANG };
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env });
    return stdout;
  };
  const machines = await Promise.all([
    on('UTC', 'en_US.UTF-8'),
    on('America/New_York', 'de_DE.UTF-8'),
    on('Asia/Kathmandu', 'en_US.UTF-8'),
    on('Pacific/Apia', 'ja_JP.UTF-8'),
  ]);
  expect(JSON.parse(machines[0] ?? '')).toMatchObject([
    { time: NOON },
    { ok: true },
    { time: NOON },
    { ok: false },
    { ok: false },
    { time: NOON },
  ]);
  expect(new Set(machines).size).toBe(1);
});
