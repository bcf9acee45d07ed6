/** Texts of messages, whatever stands before them and however large their numbers are. */
import { expect, test, vi } from 'vitest';
import { readMessage } from '../../src/base/message-json.ts';

const MARK = '\uFEFF';

test.each([
  ['a message', '{"id":1,"method":"ping"}', { id: 1, method: 'ping' }],
  ['one behind a byte order mark', `${MARK}{"id":1}`, { id: 1 }],
  ['one with digits as its id, behind a mark', `${MARK}{"id":"9007199254740993"}`, { id: '9007199254740993' }],
  [
    'a number that no double holds',
    '{"id":1,"params":{"n":9007199254740993}}',
    { id: 1, params: { n: '9007199254740993' } },
  ],
  [
    'the same as a power of ten',
    '{"id":1,"params":{"n":9.007199254740993e15}}',
    { id: 1, params: { n: '9007199254740993' } },
  ],
  ['a text that looks like one', '{"id":1,"params":{"n":"7e3"}}', { id: 1, params: { n: '7e3' } }],
])('%s is read', (_name, text, value) => {
  expect(readMessage(text)).toEqual({ ok: true, value });
});

test.each([
  ['an id that no double holds', '{"id":9007199254740993}', 'id'],
  ['the same behind a mark', `${MARK}{"id":9007199254740993}`, 'id'],
  ['a number beyond every double', '{"id":1,"params":{"n":1e400}}', 'text'],
  ['half of a message', '{"id":1', 'text'],
  ['more than one level too many', `${'['.repeat(257)}${']'.repeat(257)}`, 'text'],
])('%s is refused', (_name, text, fault) => {
  expect(readMessage(text)).toMatchObject({ ok: false, fault });
});

test.each([
  [
    'members of one object',
    `{${Array.from({ length: 50_001 }, (_, at) => `"k${at}":1`).join(',')}}`,
    'at most 50000 members in one object',
  ],
  ['values', `[${'[],'.repeat(1_000_000)}1]`, 'at most 1000000 values'],
])('a text of too many %s is refused before it is parsed, and told which', (_what, params, expected) => {
  const parsed: string[] = [];
  const parse = vi.spyOn(JSON, 'parse').mockImplementation((text: string) => parsed.push(text));
  try {
    expect(readMessage(`{"jsonrpc":"2.0","id":1,"method":"a","params":${params}}`)).toEqual({
      ok: false,
      fault: 'text',
      expected,
    });
  } finally {
    parse.mockRestore();
  }
  expect(parsed).toEqual([]);
});

test('and one of as many as are taken is read', () => {
  const members = Array.from({ length: 50_000 }, (_, at) => `"k${at}":1`).join(',');
  expect(readMessage(`{"id":1,"params":{${members}}}`).ok).toBe(true);
});
