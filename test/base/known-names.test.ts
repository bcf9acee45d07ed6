import { describe, expect, test } from 'vitest';
import { knownName, misspeltVariables, nearestName } from '../../src/base/known-names.ts';

describe('the nearest name', () => {
  test.each<[string, string[], string | null]>([
    ['evryMs', ['url', 'everyMs'], 'everyMs'],
    ['STROE', ['STORE', 'HOST'], 'STORE'],
    ['store', ['STORE'], 'STORE'],
    ['mian', ['main', 'man'], 'main'],
    ['quake', ['quakes', 'lake'], 'quakes'],
    ['temperatures', ['pressures'], null],
    ['k', ['n', 'id'], null],
    ['', ['a'], null],
    ['anything', [], null],
  ])('of %s among %j: %s', (unknown, names, nearest) => {
    expect(nearestName(unknown, names)).toBe(nearest);
  });

  test('a bound holds where many names are near by chance', () => {
    expect(nearestName('SQLITE_PAT_H', ['SQLITE_PATH'], 1)).toBe('SQLITE_PATH');
    expect(nearestName('SQLTE_PAT', ['SQLITE_PATH'], 1)).toBeNull();
  });
});

test('what was expected lists the names, bounded, and tells the nearest all the same', () => {
  expect(knownName('b', [])).toBe('no name at all');
  expect(knownName('b', [], 'streams')).toBe('one of the streams, of which there are none');
  expect(knownName('quake', ['quakes', 'rooms'], 'streams')).toBe(
    'one of the streams quakes, rooms (did you mean quakes?)',
  );
  expect(knownName('quake', ['quakes'], 'streams that take pushes')).toBe(
    'one of the streams that take pushes: quakes (did you mean quakes?)',
  );
  const many = Array.from({ length: 200 }, (_, index) => `stream-${index}`);
  const told = knownName('stream_199', many, 'streams');
  expect(told).toMatch(/stream-39, … \(200 in all\) \(did you mean stream-199\?\)$/);
  expect(told.length).toBeLessThan(600);
});

describe('misspelt variables', () => {
  const READ = ['STORE', 'HOST', 'MQTT_URL', 'LOG_LEVEL'];
  test.each<[string[], [string, string][]]>([
    [['STROE', 'PATH', 'HOME', 'LANG', 'SHELL', 'TERM', 'PWD'], [['STROE', 'STORE']]],
    [
      ['LOGLEVEL', 'Host'],
      [
        ['LOGLEVEL', 'LOG_LEVEL'],
        ['Host', 'HOST'],
      ],
    ],
    // A family of the operator's own is left alone where the variable itself is there.
    [['MQTT_URL', 'MQTT_URL2', 'MQTT_URL3'], []],
    [['MQTT_URL2'], [['MQTT_URL2', 'MQTT_URL']]],
    [['STORE', 'HOST'], []],
  ])('of %j: %j', (set, found) => {
    expect(misspeltVariables(set, READ).map(({ name, meant }) => [name, meant])).toEqual(found);
  });
});

const told = (word: string, names: string[]) => /did you mean (.*)\?/.exec(knownName(word, names))?.[1] ?? null;

test('words of other software are told as those that are known here', () => {
  const aggregates = ['count', 'min', 'max', 'mean', 'sum', 'stddev', 'p50'];
  const kinds = ['threshold', 'change', 'rate', 'absence', 'match', 'count'];
  expect(['avg', 'median', 'total', 'std', 'medium'].map((word) => told(word, aggregates))).toEqual([
    'mean',
    'p50',
    'sum',
    'stddev',
    null,
  ]);
  expect(['above', 'silence', 'equals', 'other'].map((word) => told(word, kinds))).toEqual([
    'threshold',
    'absence',
    'match',
    null,
  ]);
});
