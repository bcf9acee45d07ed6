/** Pages of a result: stored with the step that made them, numbered without holes, whatever dies in between. */
import * as z from 'zod';
import { expect, test } from 'vitest';
import { task } from '../../../src/declare/task.ts';
import { getPage } from '../../../src/tasks/work/requests.ts';
import { ADA, EVE, taskStage } from '../stage.ts';

const base = { description: 'a task of the test', version: '1' };

const book = task({
  ...base,
  async run(_input, { step, sleep }) {
    for (const part of ['one', 'two', 'three']) {
      await step('part', ({ page }) => page(part, 'text/csv'));
      await sleep(1);
    }
    return 'written';
  },
});

async function pagesOf(stage: ReturnType<typeof taskStage>, id: string): Promise<string[]> {
  const { pages } = await stage.get(id);
  const numbers = Array.from({ length: pages }, (_, index) => index + 1);
  return Promise.all(numbers.map(async (number) => (await getPage(stage.tasks, ADA, id, number)).text));
}

test('stand in the order in which their steps ended', async () => {
  const stage = taskStage({ book });
  const id = await stage.begin('book');
  await stage.settle();
  expect(await pagesOf(stage, id)).toEqual(['one', 'two', 'three']);
  await expect(getPage(stage.tasks, ADA, id, 4)).rejects.toMatchObject({ code: 'not_found', expected: '1 to 3' });
  await expect(getPage(stage.tasks, EVE, id, 1)).rejects.toMatchObject({ code: 'not_found' });
});

test('are written once, at whichever commit a process dies', async () => {
  for (let fatal = 1; fatal <= 9; fatal += 1) {
    const stage = taskStage({ book });
    const id = await stage.begin('book');
    const dying = stage.runner((_operations, number, next) => {
      if (number === fatal) return next().then(() => Promise.reject(new Error('killed')));
      return next();
    });
    await stage.work({}, dying);
    stage.clock.now += 60_000;
    await stage.settle();
    expect(await pagesOf(stage, id), `killed at commit ${fatal}`).toEqual(['one', 'two', 'three']);
  }
});

test('a large result is kept in them where that is declared, and fails the task where it is not', async () => {
  const large = { text: 'é"\n'.repeat(150_000) };
  const run = () => Promise.resolve({ structured: large });
  const output = z.object({ text: z.string() });
  const stage = taskStage({
    paged: task({ ...base, output, pages: true, run }),
    whole: task({ ...base, output, run }),
  });
  const paged = await stage.begin('paged');
  const whole = await stage.begin('whole');
  await stage.settle();
  const kept = JSON.parse((await pagesOf(stage, paged)).join('')) as { structuredContent: unknown };
  expect(kept.structuredContent).toEqual(large);
  expect(await stage.get(whole)).toMatchObject({
    status: 'failed',
    failure: { code: 'too_large', field: 'tasks.whole.pages' },
  });
});

test.each([['12'], ['11'], ['121'], ['1221']])(
  'a large result is that of one entry, of those that answered %s',
  async (texts) => {
    let entries = 0;
    const run = async () => ({ structured: { text: (texts[entries++] ?? '').repeat(800_000) } });
    const stage = taskStage({ paged: task({ ...base, pages: true, output: z.object({ text: z.string() }), run }) });
    const id = await stage.begin('paged');
    // Each but the last is gone before its third page.
    while (entries < texts.length - 1) {
      const dying = stage.runner((operations, _number, next) =>
        JSON.stringify(operations).includes(':3"') ? Promise.reject(new Error('killed')) : next(),
      );
      await stage.work({}, dying);
      stage.clock.now += 31_000;
    }
    await stage.settle();
    const { pages, result } = await stage.get(id);
    const [first] = result?.content ?? [];
    const [, from, to] = /pages (\d+) to (\d+)/.exec(first?.type === 'text' ? first.text : '') ?? [];
    expect(Number(to)).toBe(pages);
    const whole = (await pagesOf(stage, id)).slice(Number(from) - 1).join('');
    const { structuredContent } = JSON.parse(whole) as { structuredContent: { text: string } };
    expect(structuredContent.text === (texts.at(-1) ?? '').repeat(800_000)).toBe(true);
    expect(entries).toBe(texts.length);
  },
);

test('a page behind those of a result that was given up is found', async () => {
  let entries = 0;
  const paged = task({
    ...base,
    pages: true,
    async run(_input, { page }) {
      entries += 1;
      if (entries === 1) return 'x'.repeat(800_000);
      await page('the page');
      return 'small';
    },
  });
  const stage = taskStage({ paged });
  const id = await stage.begin('paged');
  const dying = stage.runner((operations, _number, next) =>
    JSON.stringify(operations).includes(':3"') ? Promise.reject(new Error('killed')) : next(),
  );
  await stage.work({}, dying);
  stage.clock.now += 31_000;
  await stage.settle();
  expect((await pagesOf(stage, id)).at(-1)).toBe('the page');
});

test.each([
  ['', 'invalid_input'],
  ['"'.repeat(200_000), 'too_large'],
])('a page that is empty or too large fails its step at once', async (text, code) => {
  const stage = taskStage({
    wrong: task({ ...base, run: (_input, { step }) => step('p', ({ page }) => page(text)).then(() => '') }),
  });
  const id = await stage.begin('wrong');
  await stage.work();
  expect(await stage.get(id)).toMatchObject({ status: 'failed', failure: { code } });
});
