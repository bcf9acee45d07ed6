/**
 * Each half of what is said of a task by itself: some clients give a model the text alone, others the structured content
 * alone. A task is walked from its start to its end by what one half says, and by nothing else.
 */
import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { utf8Bytes } from '../../../src/base/json.ts';
import { form, page, task, TidegateError } from '../../../src/index.ts';
import type { Call } from '../../tools/walk.ts';
import { filled, HALVES, type Heard, lastOf, walker } from './walker.ts';

const base = { description: 'd', version: '1', policy: { attempts: 1 } };

const Order = z.object({
  name: z.string().min(2).max(40).describe('As on the letter box'),
  size: z.enum(['small', 'large']),
  extras: z.array(z.enum(['bag', 'bow'])),
  paper: z.string().meta({ oneOf: [{ const: 'r', title: 'red paper' }] }),
  count: z.int().min(1).max(9),
  weight: z.number().max(2.5).optional(),
  gift: z.boolean().default(false),
});

const tasks = {
  order: task({
    ...base,
    output: z.object({ orders: z.number() }),
    async run(_input, { ask, page: write, progress, sleep }) {
      progress('looking for paper');
      await sleep(20_000);
      await write('page one', 'text/csv');
      const [order, paid] = await Promise.all([
        ask('order', form('What shall it be?', Order)),
        ask('bill', page('Pay the bill.', 'https://pay.example/1')),
      ]);
      await sleep(90_000);
      await write(JSON.stringify(order), 'application/json');
      await write('page three', 'text/plain');
      return { text: `All is done: ${paid.action}`, structured: { orders: 417 } };
    },
  }),
  closed: task({
    ...base,
    async run(_input, { sleep }) {
      await sleep(5_000);
      throw new TidegateError('upstream', 'The archive is closed on Sundays', { field: 'day', hint: 'try tomorrow' });
    },
  }),
  defect: task({ ...base, run: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7')) }),
  wrong: task({ ...base, run: async () => ({ text: 'no such file', isError: true }) }),
  words: task({ ...base, run: async () => 'slept well' }),
  table: task({
    ...base,
    run: async () => ({
      text: 'two rows',
      structured: { rows: [11, 22] },
      content: [{ type: 'resource_link' as const, uri: 'file:///rows.csv', name: 'rows' }],
    }),
  }),
  nap: task({
    ...base,
    async run(_input, { page: write, sleep }) {
      await write('before the nap', 'text/plain');
      await sleep(3_600_000);
      return 'slept';
    },
  }),
};

const ESSAY = Array.from({ length: 6_000 }, (_, index) => `line ${index} says "é"`).join('\n');
const MATRIX = Array.from({ length: 6_000 }, (_, index) => ({ index, note: `"${index}"` }));
/** Their results are larger than an answer that nobody asked to be larger. */
const large = {
  essay: task({ ...base, run: async () => ESSAY }),
  matrix: task({
    ...base,
    async run(_input, { page: write }) {
      await write('a page beside', 'text/plain');
      return {
        text: 'all of it',
        structured: { rows: MATRIX },
        content: [{ type: 'resource_link' as const, uri: 'file:///rows.csv', name: 'rows' }],
      };
    },
  }),
};

const SAYS = {
  'order.name': 'Ada',
  'order.size': 'large',
  'order.extras': ['bow'],
  'order.paper': 'r',
  'order.count': 3,
  'order.gift': true,
};
const ISO = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/g;
const ANSWER = 'Answer with what the user says in place of null';
const begin = (tool: string): Call => ({ tool, arguments: {} });
const saidIn = (heard: readonly Heard[]) =>
  heard
    .map(({ said }) => said)
    .join('\n')
    .replaceAll('\\', '');

/** The call that an answer prints for this. */
function callFor({ calls }: Heard, what: string): Call {
  const call = calls.get(what);
  if (call === undefined) throw new Error(`no call for ${what}, but for ${[...calls.keys()].join(', ')}`);
  return call;
}

/** The same call, at once, with this page. */
function pageOf({ tool, arguments: given }: Call, page: number): Call {
  return { tool, arguments: { ...given, page } };
}

/** The part of a result that structured content shows. */
const partIn = ({ said }: Heard) => (JSON.parse(said) as { part?: { text: string } }).part?.text ?? '';

describe.each(Object.entries(HALVES))('by the %s alone', (name, half) => {
  const isText = name === 'text';
  test.each(['essay', 'matrix'] as const)('the result of %s is read whole, in answers of 25 KB', async (made) => {
    const { call, walk } = walker(large, half);
    const ended = lastOf(await walk(begin(made), {}, 'Rest'));
    const heard = [ended];
    for (let at = ended; at.calls.has('Rest'); heard.push(at)) at = await call(callFor(at, 'Rest'));
    for (const { said } of heard) expect(utf8Bytes(said)).toBeLessThan(25_000);
    expect(heard.length).toBeGreaterThan(4);
    if (isText) {
      // The part stands behind the lines about the task, and the calls that go on.
      const all = heard.map(({ said }) => said).join('\n');
      for (const index of [0, 2_999, 5_999])
        expect(all).toContain(made === 'essay' ? `line ${index} ` : `"index":${index}`);
    } else {
      const whole = heard.map(partIn).join('');
      if (made === 'essay') expect(whole).toBe(ESSAY);
      else expect(JSON.parse(whole)).toMatchObject({ result: { rows: MATRIX }, text: 'all of it' });
    }
    expect(ended.calls.has('First page')).toBe(made === 'matrix');
    const asked = callFor(ended, 'Rest');
    const { said, calls } = await call({ ...asked, arguments: { ...asked.arguments, from: 0, limit: 400_000 } });
    if (isText) expect(said).toContain(made === 'essay' ? 'line 3000' : '"index":3000');
    else expect(JSON.parse(said)).toMatchObject(made === 'essay' ? { text: ESSAY } : { result: { rows: MATRIX } });
    expect(calls.has('Rest')).toBe(false);
    expect(utf8Bytes(said)).toBeGreaterThan(100_000);
  });

  test('a task is walked through questions and pages to its end', async () => {
    const heard = await walker(tasks, half).walk(begin('order'), SAYS);
    const all = saidIn(heard);
    for (const said of ['looking for paper', 'page one', 'page three', 'All is done: accept', '417']) {
      expect(all).toContain(said);
    }
    // What the person said has come back, in the page that the task made of it.
    expect(all).toContain('{"name":"Ada","size":"large","extras":["bow"],"paper":"r","count":3,"gift":true}');
    expect(heard.some(({ isError }) => isError)).toBe(false);
  });

  test('a task that has begun says what to call, and when', async () => {
    const heard = await walker(tasks, half).call(begin('nap'));
    const { tool, arguments: given, afterMs = 0 } = callFor(heard, 'Ask again');
    expect([tool, Object.keys(given), afterMs >= 500]).toEqual(['get_task', ['task'], true]);
    for (const word of ['takes longer than a call', 'answer_task', 'cancel_task']) expect(heard.said).toContain(word);
    expect(heard.said.match(ISO)).toHaveLength(1);
  });

  test('a question says all that an answer needs', async () => {
    const { said } = lastOf(await walker(tasks, half).walk(begin('order'), {}, ANSWER));
    for (const word of [
      'What shall it be?',
      'a text, at least 2 and at most 40 characters',
      'As on the letter box',
      'one of small, large',
      'a list of some of bag, bow',
      'one of r (red paper)',
      'a whole number, at least 1 and at most 9',
      'a number, at most 2.5',
      'true or false',
      'Pay the bill.',
      'https://pay.example/1',
    ]) {
      expect(said).toContain(word);
    }
    expect(said.match(ISO)).toHaveLength(3);
  });

  test('an answer that does not fit says which field and what was expected, and can be given again', async () => {
    const { call, walk } = walker(tasks, half);
    const asked = lastOf(await walk(begin('order'), {}, ANSWER));
    const asItIs = await call(callFor(asked, ANSWER));
    expect([asItIs.isError, asItIs.said]).toEqual([true, expect.stringContaining('answers.order.content.name')]);
    const wrong = await call(filled(callFor(asItIs, ANSWER), { ...SAYS, 'order.count': 10 }));
    expect(wrong.isError).toBe(true);
    for (const word of ['answers.order.content.count', 'at most 9', 'What shall it be?']) {
      expect(wrong.said).toContain(word);
    }
    const { said, calls } = await call(filled(callFor(wrong, ANSWER), SAYS));
    expect([said, [...calls.keys()]]).toEqual([expect.stringContaining('working'), ['Ask again']]);
  });

  test('what is answered by half is asked on, and what is answered late is told', async () => {
    const { call, walk } = walker(tasks, half);
    const asked = lastOf(await walk(begin('order'), {}, ANSWER));
    const whole = filled(callFor(asked, ANSWER), SAYS);
    const [order, bill] = (whole.arguments as { answers: object[] }).answers;
    const halfway = await call({ ...whole, arguments: { ...whole.arguments, answers: [order] } });
    expect([...halfway.calls.keys()]).toEqual(['Answer once the user has opened it', 'Answer that the user declines']);
    expect(halfway.said).not.toContain('What shall it be?');
    await call({ ...whole, arguments: { ...whole.arguments, answers: [bill] } });
    await walk(callFor(await call(callFor(asked, 'Answer that the user declines')), 'Ask again'), {}, 'First page');
    const late = await call(whole);
    expect(late.said).toContain('order');
    expect(late.said).toContain('bill');
    expect([...late.calls.keys()]).toEqual(['How it ended']);
    expect((await call(callFor(late, 'How it ended'))).said).toContain('All is done: accept');
  });

  test('a page that is not there yet says so, and when to ask for it', async () => {
    const { call, walk } = walker(tasks, half);
    const begun = callFor(await call(begin('order')), 'Ask again');
    const early = await call(pageOf(begun, 1));
    expect([early.isError, early.said]).toEqual([false, expect.stringContaining('Page 1 is not there yet')]);
    const again = callFor(early, 'Page 1');
    expect([again.arguments, (again.afterMs ?? 0) >= 500]).toEqual([pageOf(begun, 1).arguments, true]);
    const there = lastOf(await walk(again, {}, ANSWER));
    expect(there.said).toContain('page one');
    expect(there.said).not.toMatch(/of 0|"pages":0/);
  });

  test('a page beyond the last says how many there are, and names the last', async () => {
    const { call, walk } = walker(tasks, half);
    const ended = lastOf(await walk(begin('order'), SAYS, 'First page'));
    const beyond = await call(pageOf(callFor(ended, 'First page'), 9));
    expect([beyond.isError, beyond.said]).toEqual([true, expect.stringContaining('The result has 3 pages')]);
    const end = await call(callFor(beyond, 'Last page'));
    expect([end.said, end.calls.size]).toEqual([expect.stringContaining('page three'), 0]);
  });

  test('what went wrong is told with its code and what to do, a defect by its reference alone', async () => {
    const { walk } = walker(tasks, half);
    const closed = saidIn(await walk(begin('closed')));
    for (const word of ['upstream', 'The archive is closed on Sundays', 'day', 'try tomorrow']) {
      expect(closed).toContain(word);
    }
    const defect = saidIn(await walk(begin('defect')));
    expect(defect).toMatch(/internal[^]*reference id|reference id[^]*internal/);
    expect(defect).not.toContain('10.0.0.7');
    const wrong = saidIn(await walk(begin('wrong')));
    expect(wrong).toContain('no such file');
    expect(wrong).toMatch(/"isError":true|Its result says what went wrong/);
  });

  test('words and data of a result are told, whichever of them a task answers', async () => {
    const { walk } = walker(tasks, half);
    expect(saidIn(await walk(begin('words')))).toContain('slept well');
    const table = saidIn(await walk(begin('table')));
    for (const word of ['two rows', '[11,22]']) expect(table).toContain(word);
  });

  test('a cancelled task says so, with the pages that it had written; one that had ended stays', async () => {
    const { call, walk } = walker(tasks, half);
    const nap = callFor(await call(begin('nap')), 'Ask again');
    const early = await call(pageOf(nap, 1));
    expect([early.said, [...early.calls.keys()]]).toEqual([
      expect.stringContaining('before the nap'),
      ['Next page', 'Ask again'],
    ]);
    const cancelled = await call({ tool: 'cancel_task', arguments: nap.arguments });
    expect([cancelled.said, cancelled.calls.size]).toEqual([expect.stringContaining('cancelled'), 0]);
    const left = await walk(pageOf(nap, 1));
    expect(saidIn(left)).toContain('ended without a result');
    expect(lastOf(left)).toMatchObject({ said: expect.stringContaining('cancelled'), isError: false });

    const words = callFor(await call(begin('words')), 'Ask again');
    await walk(words);
    const late = await call({ tool: 'cancel_task', arguments: words.arguments });
    expect(late.said).toContain('It had ended before');
    expect((await call(callFor(late, 'How it ended'))).said).toContain('slept well');
  });
});

test('what is neither words nor data is named where clients show data alone', async () => {
  const half = HALVES['structured content'];
  if (!half) throw new Error('no such half');
  expect(saidIn(await walker(tasks, half).walk(begin('table')))).toContain('file:///rows.csv');
});
