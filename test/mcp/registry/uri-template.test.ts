import { expect, test } from 'vitest';
import { fc } from '../../properties.ts';
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
  ['docs://caf\u00e9/my docs/{name}', 'docs://caf\u00e9/my docs/a.txt', { name: 'a.txt' }],
  ['docs://caf\u00e9/my docs/{name}', 'docs://caf%C3%A9/my%20docs/a.txt', { name: 'a.txt' }],
  ['docs://a/"b"<c>/{name}', 'docs://a/%22b%22%3Cc%3E/x', { name: 'x' }],
])('%s, asked for %s', (template, uri, variables) => {
  expect(uriTemplate(template, 'resources.r.uri').match(uri)).toEqual(variables);
});

test.each(['a://{?x}', 'a://{x', 'a://{x}/{+x}', 'a://{++x}', 'a://{x*}'])('%s is none', (template) => {
  expect(() => uriTemplate(template, 'resources.r.uri')).toThrow(
    expect.objectContaining({ code: 'invalid_config', field: 'resources.r.uri' }),
  );
});

test('a URI is divided as a pattern would divide it', () => {
  const Literal = fc.constantFrom('', '-', '/', 'a', '-a', '?', 'aa');
  const Variable = fc.constantFrom('', '+');
  const Uri = fc.string({ unit: fc.constantFrom('a', '-', '/', '?'), maxLength: 12 });
  fc.assert(
    fc.property(fc.array(fc.tuple(Variable, Literal), { minLength: 1, maxLength: 4 }), Uri, (parts, uri) => {
      const template = `s:${parts.map(([operator, literal], index) => `{${operator}v${index}}${literal}`).join('')}`;
      const values = parts.map(
        ([operator, literal]) => `([^${operator === '+' ? '' : '/'}?#]+)${literal.replace('?', '\\?')}`,
      );
      const found = new RegExp(`^s:${values.join('')}$`).exec(`s:${uri}`);
      const expected = found && Object.fromEntries(parts.map((_, index) => [`v${index}`, found[index + 1]]));
      expect(uriTemplate(template, 'resources.r.uri').match(`s:${uri}`)).toEqual(expected);
    }),
    { numRuns: 2_000 },
  );
});

test('a long URI that does not fit is refused in time that grows with its length', () => {
  const begun = performance.now();
  const template = uriTemplate('a://{a}-{b}-{c}-{d}/x', 'resources.r.uri');
  expect(template.match(`a://${'-'.repeat(200_000)}//x`)).toBeNull();
  expect(template.match(`a://${'-'.repeat(200_000)}/x`)).toMatchObject({ b: '-', c: '-', d: '-' });
  expect(performance.now() - begun).toBeLessThan(5_000);
});
