/** A handler that waits for an answer waits for ever, so nothing may hold it: what it had goes with its request. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as z from 'zod';
import { expect, test } from 'vitest';
import { PUBLIC } from '../../src/base/principal.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { form } from '../../src/index.ts';
import { withAsking } from '../../src/calls/asking.ts';
import { isInputRequired } from '../../src/calls/question-round.ts';
import type { Caller } from '../../src/calls/caller.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { statesOn } from './states.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const runtime = systemRuntime(() => {});
const store = createMemoryStore();
const deps = { runtime, requestStates: statesOn(runtime, store) };
const nothing = () => {};
const caller: Caller = {
  principal: PUBLIC,
  account: { store },
  signal: new AbortController().signal,
  deadline: Date.now() + 60_000,
  clientCapabilities: { elicitation: {} },
  retry: null,
  meta: {},
  log: nothing,
  progress: nothing,
  emit: nothing,
};
const asked = { method: 'tools/call', name: 't', args: {}, once: true } as const;
const question = form('Really?', z.object({ ok: z.boolean() }));

async function askOnce(held: WeakRef<object>[]): Promise<void> {
  const result = await withAsking(deps, caller, asked, async ({ ask }) => {
    const large = { bytes: new Uint8Array(1_000_000) };
    held.push(new WeakRef(large));
    await ask('sure', question);
    return large.bytes.length;
  });
  expect(isInputRequired(result)).toBe(true);
}

test('a handler that was left waiting is collected', async () => {
  const held: WeakRef<object>[] = [];
  for (let count = 0; count < 5; count += 1) await askOnce(held);
  await expect
    .poll(
      () => {
        collectGarbage();
        return held.filter((reference) => reference.deref() !== undefined).length;
      },
      { timeout: 5_000, interval: 10 },
    )
    .toBe(0);
});
