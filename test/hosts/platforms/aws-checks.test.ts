import { expect, test } from 'vitest';
import { loopbackFeeds } from '../../../src/hosts/platforms/aws-checks.ts';

const ofSources = (...sources: string[]) =>
  loopbackFeeds({ sources: sources.map((source, at) => ({ feed: `f${at}`, kind: 'http', source })) });

test('a feed of an address that is the function itself is told, with what to do', () => {
  const found = ofSources(
    'http://127.0.0.1:80/a',
    'mqtt://localhost',
    'ws://[::1]:9',
    'https://10.0.0.7/',
    'https://a.example/',
  );
  expect(found.map(({ field, level }) => [field, level])).toEqual([
    ['feeds.f0', 'advice'],
    ['feeds.f1', 'advice'],
    ['feeds.f2', 'advice'],
  ]);
  expect(found[0]).toMatchObject({
    message: expect.stringContaining('loopback') as string,
    fix: expect.stringContaining('public') as string,
  });
});
