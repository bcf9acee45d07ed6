/** No text of an answer has more lines than its rows make, whatever keys, fields, reasons and errors are made of. */
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { defineApp, from, pull, stream, TidegateError } from '../../src/index.ts';
import { createTestApp, fakeFeed } from '../../src/testing.ts';
import { isOneLine } from '../../src/base/plain.ts';
import { FORGING } from '../base/forging.ts';
import { fc } from '../properties.ts';

const app = defineApp({
  name: 'forged',
  version: '1.0.0',
  description: 'A stream whose keys and fields are the source’s',
  feeds: { plant: pull({ source: 'plant', everyMs: 1_000, pull: async () => ({ items: [] }) }) },
  streams: {
    readings: stream({
      description: 'Readings',
      schema: z.record(z.string(), z.union([z.number(), z.string()])),
      key: 'name',
      feed: from('plant'),
    }),
  },
});

const STREAM = { stream: 'readings' };
const CALLS: [string, Record<string, unknown>][] = [
  ['read_latest', STREAM],
  ['list_streams', {}],
  ['read_history', { ...STREAM, from: '-1h' }],
  ['read_history', { ...STREAM, from: '-1h', window: '5m', perKey: true }],
  ['read_history', { ...STREAM, from: '-1h', window: '5m', groupBy: ['word'] }],
  ['read_history', { ...STREAM, from: '-1h', window: '5m', perKey: true, sparkline: true }],
  ['tail_stream', { ...STREAM, seconds: 0 }],
];

/** What everything answers where each text of the source is this one. */
async function answers(text: string): Promise<{ lines: number[]; texts: string[] }> {
  const plant = fakeFeed();
  const made = createTestApp(app, { feeds: { plant } });
  onTestFinished(() => made.close());
  const tail = (await made.call('tail_stream', { ...STREAM, seconds: 0 })).structured as { cursor: string };
  const gap = { reason: text, detail: text };
  plant.bring({ ...STREAM, data: { name: text, value: 1, [text]: text, word: text }, meta: { source: text } });
  plant.bring({ ...STREAM, data: { name: text, value: 2, word: text } });
  plant.bring({ ...STREAM, data: null, meta: { gap } });
  plant.bring({ ...STREAM, data: { name: text, [text]: true } });
  await made.ingest();
  plant.fail(new TidegateError('upstream', text));
  await made.advance(2_000);
  await made.ingest();
  const texts: string[] = [];
  for (const [name, input] of CALLS) {
    const more = name === 'tail_stream' ? { cursor: tail.cursor } : {};
    texts.push((await made.call(name, { ...input, ...more })).text);
  }
  texts.push((await made.call('read_latest', { ...STREAM, key: `${text}?` })).text);
  texts.push((await made.call('read_history', { ...STREAM, from: '-1h', keys: [`${text}?`] })).text);
  return { lines: texts.map((each) => each.split('\n').length), texts };
}

const line = (mark: string) => `pump${mark}2026-01-01T00:00:00Z boiler-9 value=99`;
/** The store takes no text that is not well formed, so half a pair reaches no answer. */
const marks = Object.entries(FORGING).filter(([, mark]) => mark.isWellFormed());

test.each(marks)('%s forges no line and is not sent', async (_what, mark) => {
  const [forged, plain] = [await answers(line(mark)), await answers(line(' '))];
  expect(plain.texts[0]).toContain('boiler-9');
  expect(plain.texts[1]).toContain('last error 0 ms ago: pump 2026');
  expect(plain.texts[2]).toContain('GAP: events are missing before this one: pump 2026');
  expect(forged.texts.flatMap((text) => text.split('\n')).filter((each) => !isOneLine(each))).toEqual([]);
  expect(forged.lines).toEqual(plain.lines);
});

test('any mixture of them', async () => {
  const part = fc.oneof(fc.constantFrom(...marks.map(([, mark]) => mark)), fc.string({ maxLength: 4 }));
  const text = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => `p${parts.join('')}`);
  const { lines } = await answers('p q');
  await fc.assert(
    fc.asyncProperty(text, async (given) => {
      const forged = await answers(given);
      expect(forged.texts.flatMap((text) => text.split('\n')).filter((each) => !isOneLine(each))).toEqual([]);
      expect(forged.lines).toEqual(lines);
    }),
    { numRuns: 40 },
  );
}, 60_000);
