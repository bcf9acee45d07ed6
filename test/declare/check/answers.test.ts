/** What handlers of resources and prompts may answer. */
import { expect, test } from 'vitest';
import { contentsOf, messagesOf } from '../../../src/declare/check/answers.ts';

const of = { name: 'doc', uri: 'docs://a' };

test('a text becomes what a list would say, and a list stays as it is', () => {
  expect(contentsOf('hello', of)).toEqual([{ uri: 'docs://a', mimeType: 'text/plain', text: 'hello' }]);
  const list = [
    { uri: 'docs://a', text: '' },
    { uri: 'docs://b', blob: 'AA==' },
  ];
  expect(contentsOf(list, of)).toEqual(list);
  expect(contentsOf([], of)).toEqual([]);
  expect(messagesOf('hello', 'ask')).toEqual([{ role: 'user', content: { type: 'text', text: 'hello' } }]);
  const messages = [{ role: 'assistant' as const, content: { type: 'text' as const, text: 'yes' } }];
  expect(messagesOf(messages, 'ask')).toEqual(messages);
});

test.each([
  [{ text: 'doc' }, 'an object with text'],
  [undefined, ''],
  [[{ text: 'doc' }], 'a list with an object with text'],
  [[{ uri: 'docs://a' }], 'a list with an object with uri'],
  [[{ uri: 'docs://a', text: 'x', blob: 'eA==' }], 'a list with an object with uri, text, blob'],
  [['doc'], 'a list with'],
])('contents such as %j are a defect of the app', (answer, said) => {
  const made = () => contentsOf(answer as never, of);
  expect(made).toThrow(expect.objectContaining({ code: 'internal' }));
  expect(made).toThrow(`the resource doc answered ${said}`);
});

test.each([
  [{ messages: [] }, 'an object with messages'],
  [null, 'null'],
  [[{ role: 'system', content: { type: 'text', text: 'x' } }], 'a list with an object with role, content'],
  [[{ role: 'user', content: 'x' }], 'a list with an object with role, content'],
])('messages such as %j are one too', (answer, said) => {
  const made = () => messagesOf(answer as never, 'ask');
  expect(made).toThrow(expect.objectContaining({ code: 'internal' }));
  expect(made).toThrow(`the prompt ask answered ${said}`);
});
