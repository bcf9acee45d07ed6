/** Who may push where callers are known: the stream's own token, or a caller with the scope to publish to the stream. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import type { Principal } from '../../src/base/principal.ts';
import { defineApp, stream } from '../../src/index.ts';
import { createPushGate, type PushNeeds } from '../../src/http/push-gate.ts';

const schema = z.object({});
const app = defineApp({
  name: 'pushed',
  version: '1',
  description: 'Takes pushes',
  streams: {
    files: stream({ description: 'Files', schema }),
    mails: stream({ description: 'Mails', schema }),
    other: stream({ description: 'Other', schema }),
  },
});
const tokens = new Map([
  ['files', 'the-token-of-files'],
  ['mails', 'the-token-of-mails'],
]);
const caller = (...scopes: string[]): Principal => ({ tenant: 'acme', subject: 'ada', client: null, scopes });

function gate(known: Record<string, Principal>, needs: PushNeeds = 'either') {
  const asked: string[] = [];
  const push = createPushGate({
    app,
    tokens,
    needs,
    log: () => {},
    authenticate(request) {
      const credential = request.headers.get('authorization')?.slice(7) ?? '';
      asked.push(credential);
      return known[credential] ?? new Response(null, { status: 401 });
    },
  });
  const by = async (credential: string, name = 'files') => {
    const headers = credential === '' ? {} : { Authorization: `Bearer ${credential}` };
    const answer = await push(new Request('http://h/ingest', { method: 'POST', headers }), name);
    return answer instanceof Response ? answer.status : answer;
  };
  return { by, asked };
}

test('the token of the stream is enough, whoever brings it, and nobody else is asked about it', async () => {
  const { by, asked } = gate({});
  expect(await by('the-token-of-files')).toEqual({
    tenant: 'public',
    subject: 'push:files',
    client: null,
    scopes: ['streams:publish:files'],
  });
  expect(await by('the-token-of-mails')).toBe(401);
  expect(await by('the-token-of-mails', 'other')).toBe(404);
  expect(asked).toEqual([]);
});

test.each([
  ['of the stream', ['streams:publish:files'], 'files', true],
  ['of every stream', ['streams:publish'], 'files', true],
  ['of everything', ['*'], 'files', true],
  ['of another stream', ['streams:publish:mails'], 'files', 403],
  ['whose name only begins alike', ['streams:publish:file'], 'files', 403],
  ['to read', ['streams:read:files', 'tasks', 'admin'], 'files', 403],
  ['none', [], 'files', 403],
  ['of a stream that takes no pushes', ['streams:publish'], 'other', 404],
  ['of a stream that is none', ['streams:publish'], 'nothing', 404],
  ['of a stream that is none, without the scope', ['streams:read'], 'nothing', 403],
] as const)('a caller with a scope %s', async (_, scopes, name, expected) => {
  const ada = caller(...scopes);
  expect(await gate({ ada }).by('ada', name)).toEqual(expected === true ? ada : expected);
});

test('who is not known is refused', async () => {
  const { by, asked } = gate({ ada: caller('*') });
  expect(await by('bob')).toBe(401);
  expect(await by('')).toBe(401);
  expect(asked).toEqual(['bob', '']);
});

test('a mode of the operator asks for both', async () => {
  const { by } = gate({ ada: caller('*'), 'the-token-of-files': caller() }, 'both');
  expect(await by('ada')).toBe(401);
  expect(await by('bob')).toBe(401);
  expect(await by('the-token-of-files')).toEqual(caller());
});
