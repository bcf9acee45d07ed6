/** The guard over the platform's own fetch, against a real server that misbehaves. */
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { GuardedInit } from '../../src/declare/feed.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createGuardedFetch } from '../../src/net/guarded-fetch.ts';
import {
  breakOff,
  drip,
  gzipBomb,
  hang,
  huge,
  type HttpSource,
  redirect,
  startHttpSource,
  text,
} from '../services/http-feed.ts';

const MIB = 1024 * 1024;

let source: HttpSource;
const guarded = createGuardedFetch(systemRuntime(() => {}));
const fetch = (path: string, init: GuardedInit = {}) =>
  guarded(source.origin + path, { allow: [source.host], ...init });
const read = async (path: string, init: GuardedInit = {}) => (await fetch(path, init)).text();
/** Waits until the source has no connection left on which it could still send. */
const hungUp = () => vi.waitFor(async () => expect(await source.connections()).toBe(0), { timeout: 5_000 });

beforeEach(async () => {
  source = await startHttpSource();
});
afterEach(() => source.close());

describe('the guarded fetch on a real server', () => {
  it('reads a body', async () => {
    source.on('/', text('{"a":1}'));
    expect(await read('/')).toBe('{"a":1}');
  });

  it('unpacks a body, and no longer calls it packed', async () => {
    source.on('/', text(gzipSync('{"a":1}'), 'application/json', { 'content-encoding': 'gzip' }));
    const response = await fetch('/');
    expect([...response.headers.keys()]).not.toContain('content-encoding');
    expect(await response.json()).toEqual({ a: 1 });
  });

  it('reaches nothing on this machine unless it is named', async () => {
    source.on('/', text('{}'));
    await expect(guarded(`${source.origin}/`)).rejects.toMatchObject({ code: 'address_refused' });
    await expect(guarded(source.origin.replace('127.0.0.1', 'localhost'))).rejects.toMatchObject({
      code: 'address_refused',
    });
    expect(source.requests).toEqual([]);
  });

  it('does not follow a redirect to another port of a private address', async () => {
    await using inside = await startHttpSource();
    inside.on('/', text('secret'));
    source.on('/', redirect(`${inside.origin}/`));
    await expect(read('/')).rejects.toMatchObject({ code: 'address_refused' });
    expect(inside.requests).toEqual([]);
  });

  it('leaves a redirect loop', async () => {
    source.on('/a', redirect('/b'));
    source.on('/b', redirect('/a'));
    await expect(read('/a')).rejects.toMatchObject({ code: 'upstream' });
    expect(source.requests).toHaveLength(4);
  });

  it('hangs up on a source that never answers', async () => {
    source.on('/', hang);
    await expect(read('/', { timeoutMs: 50 })).rejects.toMatchObject({ code: 'upstream', field: 'timeoutMs' });
    await hungUp();
  });

  it('hangs up on a source that drips', async () => {
    source.on('/', drip('x', 5));
    await expect(read('/', { timeoutMs: 80 })).rejects.toMatchObject({ code: 'upstream', field: 'timeoutMs' });
    await hungUp();
  });

  it('hangs up on 100 MiB long before their end', async () => {
    source.on('/', huge(100 * MIB));
    await expect(read('/')).rejects.toMatchObject({ code: 'too_large' });
    await hungUp();
    expect(source.bytesSent()).toBeLessThan(30 * MIB);
  });

  it('counts what comes out of a gzip bomb', async () => {
    source.on('/', gzipBomb(100 * MIB));
    await expect(read('/', { maxBytes: MIB })).rejects.toMatchObject({ code: 'too_large' });
    await hungUp();
    expect(source.bytesSent()).toBeLessThan(MIB);
  });

  it('tells a broken connection from an end', async () => {
    source.on('/', breakOff('{"half":'));
    await expect(read('/')).rejects.toMatchObject({ code: 'upstream' });
  });

  it('names a port where nobody listens', async () => {
    await source.close();
    await expect(read('/')).rejects.toThrow(
      expect.objectContaining({ code: 'upstream', message: expect.stringContaining('ECONNREFUSED') as string }),
    );
  });
});
