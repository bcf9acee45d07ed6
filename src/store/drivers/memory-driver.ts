/** The driver `memory`: all data is in the process and ends with it. */
import type { StoreDriver } from '../driver.ts';

export const memory: StoreDriver = {
  name: 'memory',
  variables: {},
  isVolatile: true,
  open: async () => (await import('./memory.ts')).createMemoryStore(),
};
