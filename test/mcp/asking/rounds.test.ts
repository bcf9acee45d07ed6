/** What is told of a record that was replaced is what stands in the store. */
import { expect, test } from 'vitest';
import { PUBLIC } from '../../../src/base/principal.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { waiting, type WaitingRequest, waitingKey } from '../../../src/mcp/asking/records.ts';
import { createRounds } from '../../../src/mcp/asking/rounds.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';

const NOW = 1_800_000_000_000;

test('the record of a request that was replaced tells the time at which it expires, however long the commit took', async () => {
  const clock = { now: NOW };
  const inner = createMemoryStore();
  const commit: typeof inner.commit = async (...asked) => {
    clock.now += 700;
    return inner.commit(...asked);
  };
  const store = { ...inner, commit };
  const rounds = createRounds({ ...systemRuntime(() => {}), now: () => clock.now });
  const place = { session: 's', stream: 'one' };
  const call = { principal: PUBLIC, account: { store }, deadline: NOW + 60_000 };
  const value: WaitingRequest = {
    request: { id: 1, method: 'tools/call', version: '2025-11-25' },
    round: 'r',
    questions: [],
    until: NOW + 50_000,
    pieces: 0,
    workedOnUntil: null,
    handle: null,
  };
  const key = waitingKey(PUBLIC.tenant, place);
  await inner.commit([waiting.put(key, value, { expects: null })], { id: 'first', now: NOW, deadline: NOW + 1 });
  const found = await rounds.find(place, call);
  const replaced = found && (await rounds.replace(found, { ...value, handle: 'h' }, call));
  expect(replaced?.reading).toEqual(await store.get(key, clock.now));
});
