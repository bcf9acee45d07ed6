import { createMemoryStore } from '../../src/store/memory.ts';
import { storeContract } from './contract.ts';

storeContract('memory', {
  async open() {
    const store = createMemoryStore();
    return { store, second: store, close: () => store.close() };
  },
});
