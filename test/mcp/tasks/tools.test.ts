/** get_task, answer_task and cancel_task, as a model of a client without tasks uses them. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { type Served, serveApp } from '../served.ts';
import { accept, type Answered, begin, callTool, reach, textOf } from './client.ts';
import { ADA, EVE, KNOWS, taskApp } from './task-app.ts';

let ada: Served;
let eve: Served;
beforeEach(async () => {
  const store = createMemoryStore();
  ada = await serveApp(taskApp, { store, runner: { everyMs: 20 }, principal: ADA });
  eve = await serveApp(taskApp, { store, principal: EVE });
});
afterEach(async () => {
  await ada.close();
  await eve.close();
});

const use = (name: string, args: object, served = ada) => callTool(served, name, args, {});
const structured = ({ result }: Answered) => result?.['structuredContent'];

test('a working task tells when to ask again', async () => {
  const task = await begin(ada, 'nap', { ms: 60_000 });
  const answer = await use('get_task', { task });
  expect(structured(answer)).toMatchObject({
    task,
    tool: 'nap',
    status: 'working',
    checkAfterMs: 500,
    questions: [],
    pages: null,
  });
  expect(textOf(answer)).toContain(`Ask again (after 1 s, not before): get_task {"task":"${task}"}`);
});

test('questions are told with their schema, and answered by key', async () => {
  const task = await begin(ada, 'register');
  await reach(ada, task, 'input_required');
  const asked = await use('get_task', { task });
  expect(structured(asked)).toMatchObject({
    status: 'input_required',
    questions: [
      {
        key: 'name',
        message: 'Your name?',
        schema: { type: 'object', properties: { name: { type: 'string', minLength: 2 } } },
      },
      { key: 'age', message: 'Your age?' },
    ],
  });
  expect(textOf(asked)).toContain('- name: Your name?\n  - name (needed): a text, at least 2 characters.');
  expect(textOf(asked)).toContain(
    `answer_task {"task":"${task}","answers":[{"key":"name","action":"accept","content":[{"field":"name","value":null}]},`,
  );

  const wrong = await use('answer_task', { task, answers: { name: accept({ name: 'A' }) } });
  expect(wrong.result).toMatchObject({ isError: true });
  expect(textOf(wrong)).toContain('Argument: answers.name.content.name.');

  const half = await use('answer_task', {
    task,
    answers: { name: accept({ name: 'Ada' }), other: { action: 'decline' } },
  });
  expect(structured(half)).toMatchObject({ status: 'input_required', passedOver: ['other'] });
  expect(textOf(half)).toContain('No open question has the key other.');
  await use('answer_task', { task, answers: { age: { action: 'decline' } } });
  await reach(ada, task, 'completed');
  const ended = await use('get_task', { task });
  expect(ended.result?.['content']).toEqual([
    { type: 'text', text: expect.stringContaining('register has ended.\nBegun 2') as string },
    { type: 'text', text: JSON.stringify([accept({ name: 'Ada' }), { action: 'decline' }]) },
  ]);
  expect(structured(ended)).toMatchObject({ status: 'completed', checkAfterMs: null });
});

test('a page to open is told with its address', async () => {
  const task = await begin(ada, 'pay');
  await reach(ada, task, 'input_required');
  expect(textOf(await use('get_task', { task }))).toContain(
    '- bill: Pay the bill. The user opens https://pay.example/1',
  );
  await use('answer_task', { task, answers: { bill: { action: 'accept' } } });
  expect((await reach(ada, task, 'completed')).result?.content).toEqual([{ type: 'text', text: 'accept' }]);
});

test('failures and wrong ends are told in words, a defect without its own', async () => {
  const [refused, broken, wrong] = await Promise.all(['refused', 'broken', 'wrong'].map((name) => begin(ada, name)));
  await Promise.all([
    reach(ada, refused ?? '', 'failed'),
    reach(ada, broken ?? '', 'failed'),
    reach(ada, wrong ?? '', 'completed'),
  ]);
  expect(textOf(await use('get_task', { task: refused }))).toContain('The archive is closed on Sundays');
  const hidden = JSON.stringify(await use('get_task', { task: broken }));
  expect(hidden).toContain(`(reference ${broken})`);
  expect(hidden).not.toContain('10.0.0.7');
  const ended = await use('get_task', { task: wrong });
  expect(structured(ended)).toMatchObject({ status: 'completed', isError: true });
  expect(ended.result).not.toHaveProperty('isError');
});

test('pages are read by number', async () => {
  const task = await begin(ada, 'paged');
  await reach(ada, task, 'completed');
  expect(textOf(await use('get_task', { task }))).toContain(
    `The result has 4 pages.\nFirst page: get_task {"task":"${task}","page":1}`,
  );
  const read = await use('get_task', { task, page: 1 });
  expect(read.result?.['content']).toEqual([
    { type: 'text', text: expect.stringContaining('Page 1 of 4, text/csv.') as string },
    { type: 'text', text: 'a,b\n1,2' },
  ]);
  expect(structured(read)).toMatchObject({ page: { number: 1, mimeType: 'text/csv' } });
  const none = await use('get_task', { task, page: 9 });
  expect([none.result?.['isError'], textOf(none).split('\n')]).toEqual([
    true,
    [
      'the task has no page 9',
      'Argument: page.',
      'Expected: 1 to 4.',
      'The result has 4 pages; page 4 is the last.',
      `Last page: get_task {"task":"${task}","page":4}`,
    ],
  ]);
  expect(structured(none)).toMatchObject({ pages: 4, error: { code: 'not_found', field: 'page', expected: '1 to 4' } });
});

test('a large page is read in parts that fit, whole in each half, by the calls that it prints', async () => {
  const task = await begin(ada, 'paged');
  await reach(ada, task, 'completed');
  const texts = new Map<number, string>();
  let parts = 0;
  for (let args: object | undefined = { task, page: 1 }; args !== undefined; parts += 1) {
    const { result } = await use('get_task', args);
    const { content, structuredContent } = result as unknown as {
      content: { text: string }[];
      structuredContent: { page: { number: number; text: string }; nextCalls?: { arguments: object }[] };
    };
    const { page, nextCalls } = structuredContent;
    expect(content[1]?.text).toBe(page.text);
    for (const half of [content, structuredContent]) expect(JSON.stringify(half).length).toBeLessThan(25_000);
    texts.set(page.number, (texts.get(page.number) ?? '') + page.text);
    args = nextCalls?.[0]?.arguments;
  }
  expect(parts).toBeGreaterThan(16);
  const [first, ...json] = texts.values();
  expect(first).toBe('a,b\n1,2');
  expect(JSON.parse(json.join(''))).toMatchObject({ structuredContent: { text: 'x'.repeat(400_000) } });
  const whole = await use('get_task', { task, page: 2, limit: 400_000 });
  expect(structured(whole)).toMatchObject({ page: { text: texts.get(2) } });
  const behind = await use('get_task', { task, page: 1, from: 7 });
  expect([behind.result?.['isError'], textOf(behind)]).toEqual([true, expect.stringContaining('Argument: from.')]);
});

test('a cancelled task says so; one that has ended stays as it is', async () => {
  const [nap, add] = await Promise.all([begin(ada, 'nap', { ms: 60_000 }), begin(ada, 'add', { a: 1 })]);
  await reach(ada, add, 'completed');
  expect(textOf(await use('cancel_task', { task: nap }))).toMatch(/^nap was cancelled\.\ncancelled on request\nBegun/);
  expect(structured(await use('cancel_task', { task: add }))).toMatchObject({ status: 'completed' });
});

test('of two answers at once one is told that nothing was stored of it', async () => {
  const task = await begin(ada, 'register');
  await reach(ada, task, 'input_required');
  const answers = ['Ada', 'Eve'].map((name) => ({ task, answers: { name: accept({ name }) } }));
  const told = await Promise.all(answers.map((args) => use('answer_task', args)));
  const over = told.map((answer) => (structured(answer) as { passedOver: string[] }).passedOver);
  expect(over.toSorted((a, b) => a.length - b.length)).toEqual([[], ['name']]);
  const late = told[over.findIndex(({ length }) => length > 0)]!;
  expect(textOf(late)).toContain('No open question has the key name. Nothing was stored of it.');
});

test.each(['get_task', 'answer_task', 'cancel_task'])('%s knows no task of another', async (name) => {
  const task = await begin(ada, 'nap', { ms: 60_000 });
  const args = name === 'answer_task' ? { answers: {} } : {};
  const [strange, unknown] = await Promise.all([
    use(name, { task, ...args }, eve),
    use(name, { task: 'x', ...args }, eve),
  ]);
  expect(textOf(strange).replace(task, '')).toBe(textOf(unknown).replace(' x.', ' .'));
  expect(textOf(strange)).toContain('Argument: task.');
  expect((await reach(ada, task, 'working')).status).toBe('working');
});

test('who asks far too often is told to wait, in words and by status', async () => {
  await eve.close();
  eve = await serveApp(taskApp, { principal: EVE, now: () => Date.UTC(2027, 0, 1) });
  const task = await begin(eve, 'nap', { ms: 60_000 });
  const answers = await Promise.all(Array.from({ length: 250 }, () => use('get_task', { task }, eve)));
  const refused = answers.filter(({ result }) => result?.['isError'] === true);
  expect(refused).toHaveLength(50);
  expect(textOf(refused[0] ?? { status: 0 })).toContain('Again: after 10 s, not before.');

  const response = await eve.call('tasks/get', { taskId: task }, KNOWS);
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '10']);
  expect(await response.json()).toMatchObject({
    error: { code: -32_010, data: { code: 'rate_limited', retryAfterMs: 10_000 } },
  });
});
