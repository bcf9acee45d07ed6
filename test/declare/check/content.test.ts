/** What handlers may answer as content, held against the schemas by which official clients read it. */
import {
  CallToolResultSchema,
  GetPromptResultSchema,
  ListResourcesResultSchema,
  ReadResourceResultSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, test } from 'vitest';
import { contentsOf, listingsOf, messagesOf } from '../../../src/declare/check/answers.ts';
import { checkedBlocks } from '../../../src/declare/check/content.ts';
import { toolResult } from '../../../src/declare/check/tool-result.ts';

const PNG = 'image/png';
const HI = 'aGk=';
const IMAGE = { type: 'image', data: HI, mimeType: PNG };
const text = (annotations: object) => ({ type: 'text', text: 'a', annotations });

describe('a block that clients refuse is refused here, and its place is named', () => {
  test.each<[string, unknown, string]>([
    ['an image of a path', { ...IMAGE, data: '/tmp/x.png' }, 'data: expected base64, a data URI of base64, or bytes'],
    ['sound that is none', { type: 'audio', data: 'aGk=!', mimeType: 'audio/wav' }, 'data: expected base64'],
    ['an image that is a number', { ...IMAGE, data: 5 }, 'data: expected bytes, or base64 of them'],
    ['an image without a type', { type: 'image', data: HI }, 'mimeType: expected a text'],
    ['a text without text', { type: 'text' }, 'text: expected a text'],
    ['a text that is a number', { type: 'text', text: 5 }, 'text: expected a text'],
    ['an unknown type', { type: 'video', data: HI }, 'expected { type: … } of text, image, audio, resource or'],
    ['a text alone', 'hello', 'expected { type: … }'],
    ['nothing', null, 'expected { type: … }'],
    ['a link without a name', { type: 'resource_link', uri: 'a://b' }, 'name: expected a text'],
    ['a link without a URI', { type: 'resource_link', name: 'b' }, 'uri: expected a text'],
    [
      'a link of a size in words',
      { type: 'resource_link', uri: 'a://b', name: 'b', size: '5' },
      'size: expected a num',
    ],
    ['a link with an icon that is a text', { type: 'resource_link', uri: 'a:b', name: 'b', icons: ['i'] }, 'icons.0: '],
    ['a resource without a URI', { type: 'resource', resource: { text: 'a' } }, 'resource.uri: expected a text'],
    ['a resource without content', { type: 'resource', resource: { uri: 'a://b' } }, 'resource: expected text or blob'],
    [
      'a file that is none',
      { type: 'resource', resource: { uri: 'a:b', blob: '!' } },
      'resource.blob: expected base64',
    ],
    ['a priority of 5', text({ priority: 5 }), 'annotations.priority: expected a number from 0 to 1'],
    ['an audience of models', text({ audience: ['model'] }), 'annotations.audience.0: expected user or assistant'],
    ['a date in words', text({ lastModified: 'today' }), 'annotations.lastModified: expected a time such as'],
    ['annotations that are a list', text([]), 'annotations: expected { audience, priority, lastModified }'],
    ['_meta that is a text', { type: 'text', text: 'a', _meta: 'x' }, '_meta: expected an object'],
  ])('%s', (_what, block, said) => {
    const content = [{ type: 'text', text: 'before' }, block] as never;
    expect(CallToolResultSchema.safeParse({ content }).success).toBe(false);
    for (const made of [
      () => toolResult({ content }, undefined, 'draw'),
      () => toolResult({ content, isError: true }, undefined, 'draw'),
      () => messagesOf([{ role: 'user', content: block }] as never, 'draw'),
    ]) {
      expect(made).toThrow(expect.objectContaining({ code: 'internal' }));
      expect(made).toThrow(said);
    }
    expect(() => toolResult({ content }, undefined, 'draw')).toThrow(
      'the tool draw answered wrong content: content[1]',
    );
  });
});

describe('what is meant as base64 becomes base64', () => {
  const bytes = new TextEncoder().encode('hi');
  test.each<[string, unknown, string]>([
    ['as it is', HI, PNG],
    ['a Buffer', Buffer.from('hi'), PNG],
    ['bytes', bytes, PNG],
    ['an ArrayBuffer', bytes.buffer, PNG],
    ['without padding', 'aGk', PNG],
    ['in lines', 'aG\r\nk=\n', PNG],
    ['a data URI', `data:image/png;base64,${HI}`, PNG],
    ['a data URI with a parameter', `data:image/png;name=a;base64,${HI}`, PNG],
  ])('%s', (_what, data, mimeType) => {
    const { content } = toolResult({ content: [{ ...IMAGE, data } as never] }, undefined, 'draw');
    expect(content).toEqual([{ type: 'image', data: HI, mimeType }]);
    const blob = [{ uri: 'a://b', mimeType, blob: data as string }];
    const contents = contentsOf(blob, { name: 'b', uri: 'a://b' });
    expect(contents).toEqual([{ uri: 'a://b', mimeType, blob: HI }]);
    const resource = { type: 'resource', resource: blob[0] };
    const messages = messagesOf([{ role: 'user', content: resource as never }], 'draw');
    expect(messages[0]?.content).toEqual({ type: 'resource', resource: contents[0] });
    expect(CallToolResultSchema.safeParse({ content }).success).toBe(true);
    expect(ReadResourceResultSchema.safeParse({ contents }).success).toBe(true);
    expect(GetPromptResultSchema.safeParse({ messages }).success).toBe(true);
  });

  test('base64url, and the type of a data URI where none is given', () => {
    const block = { type: 'image' as const };
    expect(checkedBlocks([{ ...block, data: 'data:image/gif;base64,-_8' } as never], 'content')).toEqual([
      { type: 'image', data: '+/8=', mimeType: 'image/gif' },
    ]);
    expect(checkedBlocks([{ ...block, data: 'data:image/gif;base64,aGk=', mimeType: PNG }], 'content')).toEqual([
      IMAGE,
    ]);
  });

  test('and a data URI that is no base64 stays wrong', () => {
    expect(
      checkedBlocks([{ type: 'image', data: 'data:image/svg+xml,<svg/>', mimeType: 'image/svg+xml' }], 'c'),
    ).toMatch(/^c\[0\]\.data: expected base64/);
  });
});

test('what is right stays as it is, with what no schema names', () => {
  const plain = [{ type: 'text' as const, text: 'a', more: 1 }];
  expect(checkedBlocks(plain, 'content')).toBe(plain);
  const annotated = text({ audience: ['user'], priority: 0.5, lastModified: '2026-11-21T12:00:00Z' }) as never;
  const link = { type: 'resource_link' as const, uri: 'a://b', name: 'b', size: 5, icons: [{ src: 'https://a/b' }] };
  const blocks = checkedBlocks([annotated, link, IMAGE as never], 'content');
  expect(blocks[0]).toBe(annotated);
  expect(blocks[1]).toBe(link);
  expect(blocks[2]).toBe(IMAGE);
});

describe('members that are null count as absent', () => {
  const none = { annotations: null, _meta: null };
  const file = { uri: 'a:b', text: 'a' };
  test.each<[string, object, object]>([
    ['a text', { type: 'text', text: 'a', ...none }, { type: 'text', text: 'a' }],
    ['an image', { ...IMAGE, ...none }, IMAGE],
    ['sound', { ...IMAGE, type: 'audio', ...none }, { ...IMAGE, type: 'audio' }],
    [
      'a resource',
      { type: 'resource', resource: { ...file, mimeType: null, blob: null, _meta: null }, ...none },
      { type: 'resource', resource: file },
    ],
    [
      'a link',
      {
        type: 'resource_link',
        uri: 'a:b',
        name: 'b',
        title: null,
        description: null,
        mimeType: null,
        size: null,
        icons: null,
        ...none,
      },
      { type: 'resource_link', uri: 'a:b', name: 'b' },
    ],
    [
      'annotations and icons',
      {
        type: 'resource_link',
        uri: 'a:b',
        name: 'b',
        icons: [{ src: 'https://a/b', mimeType: null, sizes: null }],
        annotations: { audience: null, priority: 1, lastModified: null },
      },
      {
        type: 'resource_link',
        uri: 'a:b',
        name: 'b',
        icons: [{ src: 'https://a/b' }],
        annotations: { priority: 1 },
      },
    ],
    [
      'but not what _meta holds',
      { type: 'text', text: 'a', annotations: null, _meta: { a: null } },
      { type: 'text', text: 'a', _meta: { a: null } },
    ],
  ])('%s', (_what, block, sent) => {
    const { content } = toolResult({ content: [block as never] }, undefined, 'draw');
    expect(content).toEqual([sent]);
    expect(CallToolResultSchema.safeParse({ content }).success).toBe(true);
    expect(messagesOf([{ role: 'user', content: block as never }], 'draw')).toEqual([{ role: 'user', content: sent }]);
  });

  test('of what a resource answers too', () => {
    const contents = contentsOf([{ ...file, mimeType: null, blob: null, _meta: null } as never], {
      name: 'b',
      uri: 'a:b',
    });
    expect(contents).toEqual([file]);
  });

  test('what is needed is still missed', () => {
    expect(checkedBlocks([{ type: 'text', text: null } as never], 'c')).toBe('c[0].text: expected a text');
    expect(checkedBlocks([{ ...IMAGE, data: null } as never], 'c')).toBe(
      'c[0].data: expected bytes, or base64 of them',
    );
  });
});

describe('an item of a list of resources that clients refuse', () => {
  test.each<[string, unknown, string]>([
    ['without a URI', { name: 'b' }, 'uri: expected a text'],
    ['without a name', { uri: 'a:b' }, 'name: expected a text'],
    ['of a name that is a number', { uri: 'a:b', name: 5 }, 'name: expected a text'],
    ['of a size in words', { uri: 'a:b', name: 'b', size: '5' }, 'size: expected a number of bytes'],
    ['of a title that is a list', { uri: 'a:b', name: 'b', title: [] }, 'title: expected a text'],
    ['that is a text', 'a:b', 'expected { uri, name }'],
    ['that is nothing', null, 'expected { uri, name }'],
  ])('%s is refused, with the resource and its place', (_what, item, said) => {
    const items = [{ uri: 'a:a', name: 'a' }, item] as never[];
    expect(ListResourcesResultSchema.safeParse({ resources: items }).success).toBe(false);
    const made = () => listingsOf(items, 'docs');
    expect(made).toThrow(expect.objectContaining({ code: 'internal' }));
    expect(made).toThrow('the resource docs listed');
    expect(made).toThrow(/list\(\)\[1\]/);
    expect(made).toThrow(said);
  });

  test('and so is what is no list; nothing lists nothing', () => {
    expect(() => listingsOf({ uri: 'a:b', name: 'b' } as never, 'docs')).toThrow('answer a list of { uri, name }');
    expect(listingsOf(undefined, 'docs')).toEqual([]);
    const right = { uri: 'a:b', name: 'b', title: null, annotations: { priority: 1, audience: null } } as never;
    expect(listingsOf([right], 'docs')).toEqual([{ uri: 'a:b', name: 'b', annotations: { priority: 1 } }]);
  });
});
