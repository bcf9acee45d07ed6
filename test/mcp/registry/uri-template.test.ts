import { expect, test } from 'vitest';
import { uriTemplate } from '../../../src/mcp/registry/uri-template.ts';

test.each([
  ['a://{x}/{y}', 'a://1/2', { x: '1', y: '2' }],
  ['a://{x}/{y}', 'a://1/2/3', null],
  ['a://{x}', 'a://b%2Fc', { x: 'b/c' }],
  ['a://{x}', 'a://%ff', null],
  ['a://{host}:{port}/{+path}', 'a://h:1/b/c/d', { host: 'h', port: '1', path: 'b/c/d' }],
  ['a://{host}/{+path}', 'a://h/b%20c', { host: 'h', path: 'b c' }],
  ['a://{host}/{+path}', 'a://h/', null],
  ['a://{host}/{+path}', 'a://h/b?c', null],
  ['a://{+path}/end', 'a://b/c/end', { path: 'b/c' }],
])('%s, asked for %s', (template, uri, variables) => {
  expect(uriTemplate(template, 'resources.r.uri').match(uri)).toEqual(variables);
});

test.each(['a://{?x}', 'a://{x', 'a://{x}/{+x}', 'a://{++x}', 'a://{x*}'])('%s is none', (template) => {
  expect(() => uriTemplate(template, 'resources.r.uri')).toThrow(
    expect.objectContaining({ code: 'invalid_config', field: 'resources.r.uri' }),
  );
});
