import { describe, expect, it } from 'vitest';
import { createOriginGuard, type OriginOptions } from '../../src/http/origin.ts';

const local: OriginOptions = { publicUrl: null, host: '127.0.0.1' };
const open: OriginOptions = {
  publicUrl: 'https://tides.example',
  host: '0.0.0.0',
  allowedOrigins: ['https://ui.example'],
};

describe('who may send', () => {
  it.each<[string, OriginOptions, Record<string, string>, 'pass' | 'Host' | 'Origin']>([
    ['a local client', local, { host: 'localhost:8787' }, 'pass'],
    ['a local client on IPv6', local, { host: '[::1]:8787' }, 'pass'],
    ['a name that was bound to this machine', local, { host: 'evil.example:8787' }, 'Host'],
    ['the same with its own origin', local, { host: 'evil.example', origin: 'http://evil.example' }, 'Host'],
    ['a page of this machine', local, { host: 'localhost:8787', origin: 'http://localhost:3000' }, 'pass'],
    ['a page from elsewhere', local, { host: 'localhost:8787', origin: 'https://evil.example' }, 'Origin'],
    ['a page that looks local', local, { host: 'localhost', origin: 'https://localhost.evil.example' }, 'Origin'],
    ['the public name, through a tunnel', { ...local, publicUrl: open.publicUrl }, { host: 'tides.example' }, 'pass'],
    ['any host where others are reached', open, { host: 'anything.example' }, 'pass'],
    ['its own page', open, { host: 'x.example:8080', origin: 'https://x.example:8080' }, 'pass'],
    ['the public page', open, { host: 'internal', origin: 'https://tides.example' }, 'pass'],
    ['an allowed page', open, { host: 'internal', origin: 'https://ui.example' }, 'pass'],
    ['another page', open, { host: 'internal', origin: 'https://ui.example.evil' }, 'Origin'],
    ['a local page where nothing is local', open, { host: 'internal', origin: 'http://localhost:1' }, 'Origin'],
    ['a sandboxed page', open, { host: 'internal', origin: 'null' }, 'Origin'],
    ['any page where all may', { ...open, allowedOrigins: ['*'] }, { host: 'i', origin: 'https://a.example' }, 'pass'],
  ])('%s', (_case, options, headers, expected) => {
    const refusal = createOriginGuard(options).refusal(new Request('http://127.0.0.1/mcp', { headers }));
    expect(refusal?.split(':')[0] ?? 'pass').toBe(expected);
  });
});
