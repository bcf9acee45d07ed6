/** A process that holds the lock of writers of a sqlite file while it is told to. */
import { DatabaseSync } from 'node:sqlite';

export type LockOrder = { hold: string } | 'release';

let held: DatabaseSync | null = null;

process.on('message', (order: LockOrder) => {
  if (order === 'release') {
    held?.close();
    held = null;
  } else {
    held = new DatabaseSync(order.hold);
    held.exec('PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE; DELETE FROM counters');
  }
  process.send?.('done');
});
process.on('disconnect', () => process.exit());
