/**
 * A driver of the store made with the package's exports alone. Its engine is a journal that all clients share, and knows
 * one thing: it takes a line at its end. A client keeps a copy in memory and brings it up to date by the lines that it has
 * not seen; what it writes is a line like those of the others. It never shortens the journal, so it is a toy.
 */
import { checkCommit, createMemoryStore, type Store, type StoreDriver } from 'tidegate/store';
import * as z from 'zod';

type Write = 'commit' | 'add' | 'trim' | 'erase' | 'collect';
type Line = { write: Write; args: string };

/** Journals by name, as a server would hold them. */
const journals = new Map<string, Line[]>();

const variables = { TOY_JOURNAL: z.string().min(1, 'expected the name of a journal') };

export const toy: StoreDriver<typeof variables> = {
  name: 'toy',
  variables,
  isVolatile: true,
  open: async ({ TOY_JOURNAL }, { app }) => createToyStore(`${TOY_JOURNAL}/${app}`),
};

export function createToyStore(name: string): Store {
  const journal = journals.get(name) ?? [];
  journals.set(name, journal);
  const copy = createMemoryStore();
  let seen = 0;

  /** Applies the lines that are new; the outcome of the last is its writer's. A line that is refused here is refused everywhere. */
  function catchUp(): Promise<unknown> {
    let outcome: Promise<unknown> = Promise.resolve();
    for (; seen < journal.length; seen += 1) {
      const { write, args } = journal[seen] as Line;
      outcome = (copy[write] as (...given: unknown[]) => Promise<unknown>)(...(JSON.parse(args) as unknown[]));
      outcome.catch(() => {});
    }
    return outcome;
  }

  async function append(write: Write, args: readonly unknown[]): Promise<never> {
    journal.push({ write, args: JSON.stringify(args) });
    return (await catchUp()) as never;
  }

  function reading<Args extends unknown[], Answer>(read: (...args: Args) => Promise<Answer>) {
    return async (...args: Args): Promise<Answer> => {
      void catchUp();
      return read(...args);
    };
  }

  return {
    ...copy,
    name: 'toy',
    get: reading((...args) => copy.get(...args)),
    getMany: reading((...args) => copy.getMany(...args)),
    list: reading((...args) => copy.list(...args)),
    due: reading((...args) => copy.due(...args)),
    read: reading((...args) => copy.read(...args)),
    last: reading((...args) => copy.last(...args)),
    seek: reading((...args) => copy.seek(...args)),
    extent: reading((...args) => copy.extent(...args)),
    async commit(operations, options) {
      // Before it is a line: JSON would make something else of what it has no text for.
      checkCommit(operations, options, copy.limits);
      return append('commit', [operations, options]);
    },
    add: (...args) => append('add', args),
    trim: (...args) => append('trim', args),
    erase: (...args) => append('erase', args),
    collect: (...args) => append('collect', args),
  };
}
