/** A message that was taken is held no longer, whatever waits behind it. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { createInbox } from '../../../src/feeds/websocket/inbox.ts';
import { createClock } from '../run/stage.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

it('keeps nothing of the messages that were taken', async () => {
  const clock = createClock();
  const inbox = createInbox({ overflow: 'stop', now: () => clock.now, sleep: (ms, wake) => clock.sleep(ms, wake) });
  const taken: WeakRef<Uint8Array>[] = [];
  function passOne(): void {
    inbox.put(new Uint8Array(1_000));
    inbox.put(new Uint8Array(10));
    for (const { data } of inbox.take({ messages: 1, bytes: 1_000 })) taken.push(new WeakRef(data as Uint8Array));
  }
  for (let round = 0; round < 100; round += 1) passOne();
  // What was looked at in this turn is kept to its end.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(taken.filter((each) => each.deref() !== undefined)).toEqual([]);
  expect(inbox.isEmpty()).toBe(false);
});
