import { hostHeaderValidationResponse, localhostAllowedHostnames } from '@modelcontextprotocol/server';
import { localhostAllowedOrigins, originValidationResponse } from '@modelcontextprotocol/server';
import { describe, expect, it, test } from 'vitest';
import { createOriginGuard, type OriginOptions } from '../../src/http/origin.ts';

const local: OriginOptions = { publicUrl: null, host: '127.0.0.1' };
const open: OriginOptions = {
  publicUrl: 'https://tides.example',
  host: '0.0.0.0',
  allowedOrigins: ['https://ui.example/', 'moz-extension://*', 'app://notes.example'],
};
const lan: OriginOptions = { publicUrl: null, host: '192.168.1.5' };
const platform: OriginOptions = { publicUrl: null, host: null };

/** What refuses the request; `pass`: nothing does. */
function judged(options: OriginOptions, headers: Record<string, string>): string {
  return createOriginGuard(options).refusal(new Request('http://127.0.0.1/mcp', { headers }))?.field ?? 'pass';
}

describe('who may send', () => {
  it.each<[string, OriginOptions, Record<string, string>, 'pass' | 'Host' | 'Origin']>([
    ['a local client', local, { host: 'localhost:8787' }, 'pass'],
    ['a local client on IPv6', local, { host: '[::1]:8787' }, 'pass'],
    ['a local client on a forwarded port', local, { host: 'localhost:9999' }, 'pass'],
    ['a name that was bound to this machine', local, { host: 'evil.example:8787' }, 'Host'],
    ['the same with its own origin', local, { host: 'evil.example', origin: 'http://evil.example' }, 'Host'],
    ['a page of this machine', local, { host: 'localhost:8787', origin: 'http://localhost:3000' }, 'pass'],
    ['a page from elsewhere', local, { host: 'localhost:8787', origin: 'https://evil.example' }, 'Origin'],
    ['a page that looks local', local, { host: 'localhost', origin: 'https://localhost.evil.example' }, 'Origin'],
    ['a name that looks local', local, { host: 'localhost.evil.example' }, 'Host'],
    ['a name behind a local user', local, { host: 'localhost@evil.example' }, 'Host'],
    ['a path in the place of a name', local, { host: 'localhost/evil.example' }, 'Host'],
    ['the public name, through a tunnel', { ...local, publicUrl: open.publicUrl }, { host: 'tides.example' }, 'pass'],
    ['the name of an allowed page', { ...local, allowedOrigins: ['https://b.example'] }, { host: 'b.example' }, 'pass'],
    ['any name where every page may', { ...local, allowedOrigins: ['*'] }, { host: 'b.example' }, 'pass'],
    ['any host where others are reached', open, { host: 'anything.example' }, 'pass'],
    ['a page whose name is in both', open, { host: 'evil.example:8802', origin: 'http://evil.example:8802' }, 'Origin'],
    ['the same without a public URL', { ...open, publicUrl: null }, { host: 'e.x', origin: 'http://e.x' }, 'Origin'],
    ['the same on a platform', platform, { host: 'evil.example', origin: 'https://evil.example' }, 'Origin'],
    ['a page of the bound address', lan, { host: 'x', origin: 'http://192.168.1.5:3000' }, 'pass'],
    ['a page of another address', lan, { host: 'x', origin: 'http://192.168.1.6:3000' }, 'Origin'],
    ['a page of every address', { ...open, host: '::' }, { host: 'x', origin: 'http://[::]:3000' }, 'Origin'],
    ['the public page', open, { host: 'internal', origin: 'https://tides.example' }, 'pass'],
    ['an allowed page', open, { host: 'internal', origin: 'https://ui.example' }, 'pass'],
    ['an allowed page on another port', open, { host: 'internal', origin: 'https://ui.example:8443' }, 'Origin'],
    ['an allowed page without TLS', open, { host: 'internal', origin: 'http://ui.example' }, 'Origin'],
    ['an extension of an allowed kind', open, { host: 'i', origin: 'moz-extension://0a-1b' }, 'pass'],
    ['an extension of another kind', open, { host: 'i', origin: 'chrome-extension://abc' }, 'Origin'],
    ['an allowed app', open, { host: 'internal', origin: 'app://notes.example' }, 'pass'],
    ['another page', open, { host: 'internal', origin: 'https://ui.example.evil' }, 'Origin'],
    ['a local page where nothing is local', open, { host: 'internal', origin: 'http://localhost:1' }, 'Origin'],
    ['a sandboxed page', open, { host: 'internal', origin: 'null' }, 'Origin'],
    ['any page where all may', { ...open, allowedOrigins: ['*'] }, { host: 'i', origin: 'https://a.example' }, 'pass'],
  ])('%s', (_case, options, headers, expected) => {
    expect(judged(options, headers)).toBe(expected);
  });

  test('an origin that is none is refused at the start, naming the option', () => {
    const mistake = expect.objectContaining({ code: 'invalid_config', field: 'allowedOrigins' });
    expect(() => createOriginGuard({ ...open, allowedOrigins: ['ui.example'] })).toThrow(mistake);
  });
});

const SPELLINGS = [
  'localhost',
  'LOCALHOST',
  'localhost.',
  'app.localhost',
  '127.0.0.1',
  '127.0.0.1.',
  '127.1',
  '127.8.9.10',
  '0x7f000001',
  '0177.0.0.1',
  '2130706433',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
];

describe.each(SPELLINGS)('loopback as %s', (spelling) => {
  test.each([spelling, `${spelling}:8787`])('is let in by Host and Origin where loopback was bound: %s', (name) => {
    expect(judged(local, { host: name, origin: `http://${name}` })).toBe('pass');
  });

  test('is no other than any name where others are reached', () => {
    for (const options of [open, lan, platform]) {
      expect(judged(options, { host: spelling })).toBe('pass');
      expect(judged(options, { host: spelling, origin: `http://${spelling}:3000` })).toBe('Origin');
    }
  });

  test('is loopback where it was bound under that spelling', () => {
    const bound = { publicUrl: null, host: spelling.replace(/[[\]]/g, '') };
    expect(judged(bound, { host: 'evil.example' })).toBe('Host');
    expect(judged(bound, { host: 'localhost', origin: 'http://127.0.0.1:3000' })).toBe('pass');
  });
});

/** What is let in here and not there: the SDK knows three spellings, and no host that is missing. */
const FURTHER = new Set([...SPELLINGS.map((name) => name.toLowerCase()), '']);
const HOSTS = [...SPELLINGS, '', 'evil.example', 'localhost.evil', '0.0.0.0', '127.0.0.1.evil', '[::2]', '128.0.0.1'];

test("on loopback these checks let in what the SDK's do, and beside it other spellings alone", () => {
  for (const host of HOSTS) {
    for (const origin of [...HOSTS.filter(Boolean).map((name) => `http://${name}:1`), 'null', 'file://', '']) {
      const headers = { ...(host ? { host } : {}), ...(origin ? { origin } : {}) };
      const request = new Request('http://127.0.0.1/mcp', { headers });
      const theirs =
        (hostHeaderValidationResponse(request, localhostAllowedHostnames()) ??
          originValidationResponse(request, localhostAllowedOrigins())) === undefined;
      const ours = judged(local, headers) === 'pass';
      if (theirs) expect([host, origin, ours]).toEqual([host, origin, true]);
      else if (ours) {
        const names = [host, origin.replace('http://', '').replace(/:1$/, '')].map((name) => name.toLowerCase());
        expect(names.filter((name) => !FURTHER.has(name))).toEqual([]);
      }
    }
  }
});
