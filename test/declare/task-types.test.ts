/** What the compiler knows of a wait: the stream's data, the paths of its fields, and whether an event did it. */
import { expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import { stream, type StreamEvent, type TaskContext } from '../../src/index.ts';

const temps = stream({ description: 'x', schema: z.object({ celsius: z.number(), state: z.string() }) });

async function use({ waitFor }: TaskContext): Promise<void> {
  const above = await waitFor(temps, { kind: 'threshold', field: 'celsius', above: 30 });
  expectTypeOf(above?.event).toEqualTypeOf<StreamEvent<{ celsius: number; state: string }> | undefined>();
  const silent = await waitFor(temps, { kind: 'absence', forMs: 60_000 }, { timeoutMs: 1_000 });
  expectTypeOf(silent?.event).toEqualTypeOf<null | undefined>();
  const named = await waitFor('temps', { kind: 'match', where: { anything: 1 } });
  expectTypeOf(named?.event).toEqualTypeOf<StreamEvent | undefined>();
  // @ts-expect-error no such field
  await waitFor(temps, { kind: 'threshold', field: 'celcius', above: 30 });
  // @ts-expect-error no number
  await waitFor(temps, { kind: 'threshold', field: 'state', above: 30 });
  // @ts-expect-error no bound
  await waitFor(temps, { kind: 'threshold', field: 'celsius' });
}

test('a wait knows the data of its stream, and that silence has no event', () => {
  expect(use).toBeTypeOf('function');
});
