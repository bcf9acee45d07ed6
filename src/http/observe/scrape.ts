/**
 * Collects what is scraped. What is read from the store is shared by all who ask within a while, and a store that does not answer
 * holds no scrape up: the rest is told, and that the store is missing.
 */
import { asTidegateError } from '../../base/errors.ts';
import type { Store } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import type { Family } from './exposition.ts';

/** For so long what was read from the store stands, ms. */
const SCRAPE_KEPT_MS = 15_000;
/** Scrapers give up after ten seconds. */
const MOST_MS = 5_000;

interface Reading {
  begunAt: number;
  /** Null: the store did not answer. It does not reject. */
  families: Promise<Family[] | null>;
  isKnown: boolean;
}

type Scrape = (store: Store) => Promise<Family[]>;

/** @param own families of this process */
export function createScrape(deps: Deps, own: () => Family[]): Scrape {
  const { runtime } = deps;
  let latest: Reading | null = null;

  function begin(store: Store): Reading {
    const read = async () => {
      const { storedFamilies } = await import('./stored-families.ts');
      return storedFamilies({ ...deps, store });
    };
    const reading: Reading = {
      begunAt: runtime.now(),
      isKnown: false,
      families: read()
        .catch((thrown: unknown) => {
          const { code, message } = asTidegateError(thrown);
          runtime.log('warn', `the store could not be read for metrics: ${message}`, { code });
          return null;
        })
        .finally(() => (reading.isKnown = true)),
    };
    return reading;
  }

  /** One that is young. That of a request that is gone may never end, and is not waited for again. */
  function isOfUse({ begunAt, isKnown }: Reading): boolean {
    return Math.abs(runtime.now() - begunAt) < (isKnown ? SCRAPE_KEPT_MS : MOST_MS);
  }

  return async (store) => {
    if (latest === null || !isOfUse(latest)) latest = begin(store);
    const answered = new AbortController();
    const late = runtime.sleep(MOST_MS, answered.signal).then(() => null);
    const stored = await Promise.race([latest.families, late]);
    answered.abort();
    // What failed is tried again by the next one.
    if (stored === null && latest.isKnown) latest = null;
    const up: Family = {
      name: 'tidegate_store_up',
      help: 'Whether the store answered within 5 s what is told of feeds, tasks and deliveries',
      type: 'gauge',
      samples: [{ value: stored === null ? 0 : 1 }],
    };
    return [up, ...own(), ...(stored ?? [])];
  };
}
