/** `wait_for` as a task: what it answers, and what it refuses before anything is stored. */
import { expect, test } from 'vitest';
import type { HandlerContext } from '../../src/declare/context.ts';
import type { Task } from '../../src/declare/task.ts';
import { builtInTasks } from '../../src/tools/built-in-tasks.ts';
import { stageOf } from '../feeds/run/stage.ts';
import { temps, type WaitStage, waitStage } from '../tasks/wait-stage.ts';

function declared(): Task {
  const task = builtInTasks(stageOf({ streams: { temps } }).deps)['wait_for'];
  if (!task) throw new Error('no wait_for');
  return task;
}

const ABOVE = { kind: 'threshold', field: 'celsius', above: 30 };

async function answer(stage: WaitStage, taskId: string) {
  const { result } = await stage.get(taskId);
  const [first] = result?.content ?? [];
  return { text: first?.type === 'text' ? first.text : null, structured: result?.structuredContent };
}

test('an app without streams has none', () => {
  expect(builtInTasks(stageOf({}).deps)).toEqual({});
});

test('ends with the event, and says meanwhile what it waits for', async () => {
  const stage = waitStage(undefined, { wait_for: declared() });
  const id = await stage.begin('wait_for', { stream: 'temps', condition: ABOVE, seconds: 60 });
  await stage.work();
  expect(await stage.get(id)).toMatchObject({ status: 'working', message: 'waiting on temps: celsius is above 30' });
  await stage.publish(31, 'b');
  await stage.follow();
  await stage.work();
  const { text, structured } = await answer(stage, id);
  expect(text).toMatch(/^It holds: celsius is above 30 \(temps\), at .*, for b\.\nValue: 31\nEvent .*"celsius":31/);
  const at = expect.stringMatching(/^2026-11-20T12:0/) as string;
  expect(structured).toMatchObject({ held: true, key: 'b', value: 31, at, event: { stream: 'temps', key: 'b', at } });
});

test('says that its time was over', async () => {
  const stage = waitStage(undefined, { wait_for: declared() });
  const id = await stage.begin('wait_for', { stream: 'temps', condition: ABOVE, seconds: 60 });
  await stage.settle();
  const { text, structured } = await answer(stage, id);
  expect(text).toBe('It did not hold within 60 s: celsius is above 30 (temps).');
  expect(structured).toEqual({ held: false, key: null, at: null, value: null, event: null });
});

test('an event of the largest size ends it too', async () => {
  const stage = waitStage(undefined, { wait_for: declared() });
  const id = await stage.begin('wait_for', { stream: 'temps', condition: ABOVE, seconds: 60 });
  await stage.work();
  await stage.publish(31, 'b', undefined, 'x'.repeat(250_000));
  await stage.follow();
  await stage.work();
  expect(await stage.get(id)).toMatchObject({ status: 'completed', failure: null });
});

test('a stream or a field that is not there is refused before it begins', async () => {
  const { prepare } = declared();
  const refused = (input: object) => prepare?.(input as never, {} as HandlerContext);
  await expect(refused({ stream: 'tmps', condition: ABOVE })).rejects.toMatchObject({ code: 'not_found' });
  const misspelt = { stream: 'temps', condition: { ...ABOVE, field: 'celcius' } };
  await expect(refused(misspelt)).rejects.toMatchObject({ code: 'invalid_input', field: 'condition.field' });
});
