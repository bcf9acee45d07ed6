import { describe, expect, test } from 'vitest';
import type { LoggedEvent } from '../../../src/base/event.ts';
import { compareRevisions } from '../../../src/streams/log/revision-order.ts';
import { replaces } from '../../../src/streams/log/latest.ts';

const event = (revision: string) => ({ id: 'a', revision, time: 1, data: {} }) as LoggedEvent;

describe('the newer one of two revisions, in whatever order they come, is', () => {
  test.each([
    ['the greater number', '10', '9'],
    ['the greater number of many digits', '9007199254740993', '9007199254740992'],
    ['the greater decimal number', '1.5', '1.25'],
    ['the later time', '2026-11-30T11:00:00Z', '2026-11-30T09:00:00Z'],
    ['the later time by its fraction', '2026-11-30T11:00:00.500Z', '2026-11-30T11:00:00Z'],
    ['the later time by the tenth of a microsecond', '2026-11-30T11:00:00.1234567Z', '2026-11-30T11:00:00.1234566Z'],
    ['the later time in another zone', '2026-11-30T10:00:00Z', '2026-11-30T12:00:00+05:00'],
    ['the later time in another form', '20261130T100000Z', '2026-11-30T09:59:59.9Z'],
    ['the later time without a zone', '2026-11-30 10:00:00', '2026-11-30 09:00:00'],
    ['the later day', '2026-12-01', '2026-11-30'],
    ['the later mail date', 'Tue, 01 Dec 2026 08:00:00 GMT', 'Mon, 30 Nov 2026 11:00:00 GMT'],
    ['the later mail date in another zone', '30 Nov 2026 11:00:00 GMT', '30 Nov 2026 12:30:00 +0200'],
    ['the later time, of a mail date and ISO 8601', 'Mon, 30 Nov 2026 11:00:00 GMT', '2026-11-30T10:00:00Z'],
    ['the greater version', '1.10.0', '1.9.0'],
    ['the longer version', '1.9.0.1', '1.9.0'],
    ['the greater version beside one that is not out', '1.10.0', '1.9.0-rc.1'],
    ['the greater candidate of a version', '1.9.0-rc.10', '1.9.0-rc.9'],
    ['the greater number behind letters', 'v10', 'v9'],
    ['the greater number behind letters, of two', 'v1.10', 'v1.9'],
    ['the greater number before a hash', '10-0e1f', '9-f1e0'],
    ['the greater number within a text', 'W/"12"', 'W/"9"'],
  ])('%s', (_, newer, older) => {
    expect(compareRevisions(newer, older)).toBe(1);
    expect(compareRevisions(older, newer)).toBe(-1);
    expect([replaces(event(newer), event(older)), replaces(event(older), event(newer))]).toEqual([true, false]);
  });
});

test.each([
  ['ETags', '"abc"', '"zzz"'],
  ['hashes', '9f86d081884c7d65', '2c26b46b68ffc68f'],
  ['hashes of one length behind a number', '3-0e1f', '3-f1e0'],
  ['UUIDs', '12345678-9abc-4def-8123-456789abcdef', '02345678-1abc-4def-8123-456789abcdef'],
  ['candidates of one version with names', '1.0.0-beta', '1.0.0-rc'],
  ['versions of two products', 'a9', 'b10'],
  ['a version and a time', 'v9', '2026-11-30T10:00:00Z'],
  ['one time in two zones', '2026-11-30T10:00:00Z', '2026-11-30T12:00:00+02:00'],
  ['one number in two forms', '1', '1.0'],
  ['dates that begin with their days', '30/11/2026', '01/12/2026'],
  ['dates that begin with their months', '12/31/2026', '01/01/2027'],
  ['dates with points and times', '30.11.2026 08:00', '01.12.2026 08:00'],
  ['dates with signs between', '30-11-2026', '01-12-2026'],
  ['times of the day', '23:59', '00:01'],
  ['short hashes that differ in a number', '12ab', '98ab'],
  ['short hashes that differ in two', 'a1b2', 'a2b1'],
])('of %s nobody can tell, so the one that comes last counts', (_, one, other) => {
  expect([compareRevisions(one, other), compareRevisions(other, one)]).toEqual([null, null]);
});
