/**
 * `tidegate/store`: what a driver of the store is made of. `tidegate/store/contract` is the suite that it has to pass; it
 * needs `vitest`.
 */
export * from './store/store.ts';
export { type DriverValues, driverOf, openFrom, type StoreDriver } from './store/driver.ts';
export * from './store/limits.ts';
export {
  decodeCursor,
  encodeCursor,
  epochOf,
  isEpoch,
  lastBefore,
  type MarkBefore,
  markOfCommit,
  type Position,
  raisedFloor,
  readFrom,
  type Span,
} from './store/cursor.ts';
export { createLazyStore } from './store/lazy.ts';
export { compareUtf8 } from './store/order.ts';
export { shardOf, shardsFrom } from './store/shard.ts';
export { createMemoryStore, type MemoryOptions } from './store/drivers/memory.ts';
export { dynamodb } from './store/dynamodb/driver.ts';
export { memory } from './store/drivers/memory-driver.ts';
export { redis } from './store/redis/driver.ts';
export { sqlite } from './store/sqlite/driver.ts';
