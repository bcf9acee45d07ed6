/** What the audit log says of an action is what its answer says: done, or the code of what was not. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, stream } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { AuditEntry } from '../../src/streams/audit.ts';
import { feedOf } from '../feeds/run/stage.ts';
import { acting } from './act.ts';

const target = (name: string) => ({ action: 'operate', target: name });

function recorded() {
  const feed = feedOf(
    // oxlint-disable-next-line require-yield
    async function* fails() {
      throw new Error('gone');
    },
    { everyMs: 3_600_000 },
  );
  const app = defineApp({
    name: 'recorded',
    version: '1',
    description: 'An app whose operators are on record',
    streams: {
      readings: stream({ description: 'Readings', schema: z.object({ n: z.number() }), key: 'n', feed }),
      notes: stream({ description: 'Notes', schema: z.object({ text: z.string() }) }),
    },
  });
  const { act, deps, files } = acting(app, createMemoryStore());
  const entries: AuditEntry[] = [];
  const audit = { note: async (_by: unknown, entry: AuditEntry) => void entries.push(entry), refused: async () => {} };
  async function done(name: string, input: object): Promise<AuditEntry | undefined> {
    await act(name, input, { deps: { ...deps, audit } }).catch(() => {});
    return entries.pop();
  }
  return { done, files };
}

test('an answer that says that it was not done is on record with its code', async () => {
  const { done, files } = recorded();
  expect(await done('feeds pull', { feed: 'readings' })).toEqual({
    ...target('feeds pull readings'),
    code: expect.stringMatching(/^\w+$/),
  });
  files.set('right', '{"data":{"text":"a"}}\n');
  files.set('wrong', '{"data":{"text":1}}\n');
  const imported = (file: string) => done('streams import', { stream: 'notes', file });
  expect(await imported('right')).toEqual({ ...target('streams import notes'), code: null });
  expect(await imported('wrong')).toEqual({ ...target('streams import notes'), code: 'invalid_input' });
  expect(await done('streams import', { stream: 'no', file: 'right' })).toEqual({
    ...target('streams import no'),
    code: 'not_found',
  });
  expect(await done('streams forget', { key: 'nobody' })).toEqual({ ...target('streams forget'), code: 'not_found' });
  expect(await done('tenants delete', { name: 'nobody' })).toEqual({
    ...target('tenants delete nobody'),
    code: 'not_found',
  });
  expect(await done('feeds pause', { feed: 'readings' })).toEqual({ ...target('feeds pause readings'), code: null });
});
