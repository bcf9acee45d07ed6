/** Answers: at another instance, twice, late, in part, under unknown keys, and racing with the runner that is about to leave. */
import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { form } from '../../src/declare/ask.ts';
import { task } from '../../src/declare/task.ts';
import type { TidegateError } from '../../src/base/errors.ts';
import type { Operation } from '../../src/store/store.ts';
import { answerTask } from '../../src/tasks/work/requests.ts';
import { ADA, EVE, taskStage } from './stage.ts';

const base = { description: 'a task of the test', version: '1' };
const name = form('Who?', z.object({ name: z.string() }));
const accept = (value: string) => ({ action: 'accept', content: { name: value } });

const greet = task({
  ...base,
  async run(_input, { ask, step }) {
    const answers = await Promise.all([ask('first', name), ask('second', name)]);
    return step('join', () => answers.map((each) => (each.action === 'accept' ? each.content.name : '-')).join(' '));
  },
});

const text = (result: string) => ({ content: [{ type: 'text', text: result }] });

async function asking() {
  const stage = taskStage({ greet });
  const id = await stage.begin('greet');
  await stage.work();
  return { stage, id };
}

function putsRun(operations: readonly Operation[]): boolean {
  return operations.some((operation) => operation.kind === 'put' && operation.id === 'run');
}

describe('answers', () => {
  test('twice: the first stands, the second changes nothing', async () => {
    const { stage, id } = await asking();
    expect(await stage.answer(id, { first: accept('Ada'), second: accept('Bob') })).toBe(true);
    expect(await stage.answer(id, { first: accept('Eve'), second: accept('Eve') })).toBe(false);
    await stage.work();
    expect((await stage.get(id)).result).toEqual(text('Ada Bob'));
  });

  test('at two instances at once: one of them is taken', async () => {
    const { stage, id } = await asking();
    const taken = await Promise.all(['Ada', 'Bob', 'Cy'].map((each) => stage.answer(id, { first: accept(each) })));
    expect(taken.filter(Boolean)).toHaveLength(1);
    const winner = ['Ada', 'Bob', 'Cy'][taken.indexOf(true)];
    await stage.answer(id, { second: { action: 'decline' } });
    await stage.work();
    expect((await stage.get(id)).result).toEqual(text(`${winner} -`));
  });

  test('late, after the end: nothing is taken, and nothing changes', async () => {
    const { stage, id } = await asking();
    await stage.cancel(id);
    const before = await stage.get(id);
    expect(await stage.answer(id, { first: accept('Ada') })).toBe(false);
    expect(await stage.get(id)).toEqual(before);
  });

  test('under unknown keys are passed over, those of an object included', async () => {
    const { stage, id } = await asking();
    expect(await stage.answer(id, { third: accept('Ada'), constructor: 1, ['__proto__']: 1, 'first:2': 1 })).toBe(
      false,
    );
    expect((await stage.get(id)).status).toBe('input_required');
  });

  test('of which one is wrong: none is stored, and the field is named', async () => {
    const { stage, id } = await asking();
    const wrong = { first: accept('Ada'), second: { action: 'accept', content: { name: ['Ada', 'Eve'] } } };
    await expect(stage.answer(id, wrong)).rejects.toMatchObject({
      code: 'invalid_input',
      field: 'inputResponses.second.content.name',
    });
    expect(Object.keys((await stage.get(id)).asks)).toEqual(['first', 'second']);
  });

  test('by a stranger: as to a task that does not exist', async () => {
    const { stage, id } = await asking();
    const toOther = await stage.answer(id, { first: accept('Eve') }, EVE).catch((error: TidegateError) => error);
    const toNone = await stage.answer('nothing', {}, ADA).catch((error: TidegateError) => error);
    for (const error of [toOther, toNone]) expect(error).toMatchObject({ code: 'not_found', field: 'taskId' });
    expect((toOther as TidegateError).message).toBe((toNone as TidegateError).message);
  });
});

describe('an answer that meets the runner which is about to leave', () => {
  test('before it leaves: the task goes on at once', async () => {
    const stage = taskStage({ greet });
    const id = await stage.begin('greet');
    await stage.work();
    await stage.answer(id, { first: accept('Ada') });
    let answered = false;
    const asked: string[][] = [];
    const leaving = stage.runner(async (operations, _number, next) => {
      const leaves = operations.some((each) => each.kind === 'put' && each.id === 'run' && each.value !== null);
      const isLeave = leaves && JSON.stringify(operations).includes('"holder":null');
      if (isLeave && !answered) {
        answered = true;
        await stage.answer(id, { second: accept('Bob') });
      }
      const result = await next();
      if (answered) asked.push(Object.keys((await stage.get(id)).asks));
      return result;
    });
    await stage.work({}, leaving);
    expect(answered).toBe(true);
    // What was answered is not asked again, by an entry that had not heard of it.
    expect(asked.flat()).toEqual([]);
    // The same call went on with it.
    expect((await stage.get(id)).result).toEqual(text('Ada Bob'));
  });

  test('while it leaves, having read it as under way: it is not left asleep', async () => {
    const stage = taskStage({ greet });
    const id = await stage.begin('greet');
    await stage.work();
    await stage.answer(id, { first: accept('Ada') });
    let left = false;
    const { promise: mayCommit, resolve: commitNow } = Promise.withResolvers<void>();
    // The answer has read the run as leased; its commit is held back until the runner has left.
    const slow = stage.runner(async (_operations, number, next) => {
      if (number === 1) await mayCommit;
      return next();
    });
    const answers: Promise<readonly string[]>[] = [];
    const runner = stage.runner(async (operations, _number, next) => {
      const isLeave = putsRun(operations) && JSON.stringify(operations).includes('"holder":null');
      if (isLeave && answers.length === 0) {
        answers.push(answerTask(slow, ADA, id, { second: accept('Bob') }, stage.clock.now + 60_000));
        await new Promise((resolve) => setImmediate(resolve));
        const result = await next();
        left = result.status === 'committed';
        commitNow();
        return result;
      }
      return next();
    });
    await stage.work({}, runner);
    expect(left).toBe(true);
    expect(await Promise.all(answers)).toEqual([['second']]);
    await stage.work();
    expect((await stage.get(id)).result).toEqual(text('Ada Bob'));
  });
});
