/**
 * A turn of the event loop, a millisecond of the machine's own time long, for whatever works beside a test: a hash, a file,
 * a module that is loaded. Test frameworks replace timers, also before this file is loaded, and a turn that waits for one
 * of theirs never ends. What this waits for is not replaced by any of them. Microtasks that a framework holds back are run, because
 * the bodies of requests wait for them: no turn begins while there are any.
 */

const { MessageChannel } = globalThis;
/** Where memory cannot be shared, as in workerd: what is a timer at that time. */
const { setTimeout } = globalThis;

const TURN_MS = 1;

/** `queueMicrotask` where fake timers have replaced it, as those of vitest, Jest and Sinon are made. */
interface HeldMicrotasks {
  clock?: { runMicrotasks?: () => void };
}

/** Nobody changes it, or wakes who waits for it. Null: this platform has none. */
const cell = typeof SharedArrayBuffer === 'function' ? new Int32Array(new SharedArrayBuffer(4)) : null;

export async function realTurn(): Promise<void> {
  await pass();
  (globalThis.queueMicrotask as HeldMicrotasks).clock?.runMicrotasks?.();
}

function pass(): Promise<void> {
  if (cell === null) return new Promise((resolve) => void setTimeout(resolve, TURN_MS));
  const waiting = Atomics.waitAsync(cell, 0, 0, TURN_MS).value;
  return new Promise((resolve) => {
    // A port that is listened to keeps the process, which a wait does not, and a message comes in a turn of its own.
    const { port1, port2 } = new MessageChannel();
    const come = () => {
      port1.close();
      resolve();
    };
    port1.addEventListener('message', come, { once: true });
    port1.start();
    void Promise.resolve(waiting).then(() => port2.postMessage(null));
  });
}
