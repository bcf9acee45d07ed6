/** The clock of a test while a handler waits for what has a time of its own, such as a store on another machine. */
import { expect, test } from 'vitest';
import { defineApp, tool } from '../../../src/index.ts';
import { realTurn } from '../../../src/hosts/testing/real-turn.ts';
import { createTestApp } from '../../../src/testing.ts';

function appWith(run: () => Promise<string>) {
  const tools = { slow: tool({ description: 'Works', run }) };
  return createTestApp(defineApp({ name: 'slow', version: '1', description: 'Slow', tools }));
}

test('the deadline of a request ends no handler that waits for something real, and the clock stands still meanwhile', async () => {
  const app = appWith(async () => {
    for (let turns = 0; turns < 200; turns += 1) await realTurn();
    return 'done';
  });
  const begun = app.now();
  expect(await app.call('slow')).toMatchObject({ isError: false, text: 'done' });
  expect(app.now()).toBe(begun);
});

test('one that never ends is answered for all the same', async () => {
  const app = appWith(() => new Promise(() => {}));
  expect(await app.call('slow')).toMatchObject({
    isError: true,
    text: expect.stringContaining('did not answer within'),
  });
});
