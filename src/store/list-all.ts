/** Reads all records of a partition, page by page, for callers that need every one of them. */
import { paceOf } from '../base/pace.ts';
import type { Runtime } from '../base/runtime.ts';
import { LIST_LIMIT } from './limits.ts';
import type { Store, StoredRecord } from './store.ts';

interface ListAllOptions {
  /** Only ids that begin with this. */
  prefix?: string;
  /** Only ids after this one. */
  after?: string;
  /** Most records of a page; default `LIST_LIMIT`. */
  limit?: number;
}

/**
 * Yields the live records in id order. No page is empty. One store call for each page, made when the page before it is
 * used up; the store promises no snapshot across pages.
 */
export async function* listAll(
  { store, runtime }: { store: Store; runtime: Pick<Runtime, 'now' | 'pace'> },
  partition: string,
  { prefix, after: from = '', limit = LIST_LIMIT }: ListAllOptions = {},
): AsyncGenerator<StoredRecord[], void, undefined> {
  const pace = paceOf(runtime);
  for (let after: string | null = from; after !== null;) {
    const rest = pace();
    if (rest !== null) await rest;
    const page: Awaited<ReturnType<Store['list']>> = await store.list(partition, {
      now: runtime.now(),
      limit,
      ...(prefix === undefined ? {} : { prefix }),
      ...(after === '' ? {} : { after }),
    });
    if (page.records.length > 0) yield page.records;
    after = page.next;
  }
}
