/**
 * Keeps results that are too large for one answer in pages for a while, and answers a handle to them. A handle is short, so
 * that a model can copy it. It is no secret among principals: the name in the store is made of the handle and of who asks, so
 * another principal's, an expired and an invented handle are answered alike. Nothing here knows a tool.
 */
import * as z from 'zod';
import type { AppQuotas } from '../declare/app.ts';
import type { ToolResult } from '../declare/check/tool-result.ts';
import { toBase64Url } from '../base/base64url.ts';
import { sha256 } from '../base/digest.ts';
import { isOfStore, TidegateError } from '../base/errors.ts';
import { bindingOf, type Owner, type Principal } from '../base/principal.ts';
import type { Runtime } from '../base/runtime.ts';
import type { Sealer } from '../base/seal.ts';
import { sealedText } from '../base/sealed-text.ts';
import { commitSurely } from '../store/commit.ts';
import type { Store } from '../store/store.ts';
import type { Caller } from './caller.ts';
import { jsonBytes } from '../base/json.ts';
import { createQuotas, type Quota } from '../store/quotas/quotas.ts';
import { resultPage, type ResultPage, resultPageKey } from './names.ts';
import { splitResult, type SplitResult } from './result-pages.ts';
import { pagedAnswer, unkeptAnswer } from './result-answer.ts';

export interface Results {
  /**
   * Answers the result itself where it is small enough, else a result with its beginning and with links to its pages.
   * Where a tool has an output schema, its structured answer stays whole up to `structuredBytes`, because a client may hold
   * it to the schema, and is answered though the pages cannot be kept. Above that the result has `isError`, to which no schema applies. Costs no store call for a small
   * result; for a large one, a call for each page, and a few for the quotas.
   * @throws TidegateError `too_large` for more pages than are kept; `rate_limited`
   */
  fit(result: ToolResult, hasSchema: boolean, caller: Keeper): Promise<ToolResult>;
  /** A page by its number, from 1 on. One store call. @throws TidegateError `not_found`, the same for every reason */
  page(handle: string, number: string, principal: Principal, store: Store): Promise<ResultPage & { pages: number }>;
}

/** For whom a result is kept, and on whose account. */
export type Keeper = Pick<Caller, 'principal' | 'account' | 'deadline'>;

export interface ResultDeps {
  /** Most bytes of pages that are kept at once, for each principal and for all of them. */
  most: Pick<AppQuotas, 'results' | 'allResults'>;
  runtime: Runtime;
  /** Opens the handles of earlier releases, which were sealed. Null: there are none. */
  sealer: Sealer | null;
  /** Largest result that is answered as it is, in bytes of JSON. */
  bytes: number;
  /** Largest structured answer that stays whole for its schema, in bytes of JSON. */
  structuredBytes: number;
  /** How long pages are kept, ms. */
  keptMs: number;
  /** The name of the tool that reads pages; null: they are read as resources alone. */
  reader: string | null;
}

/** Most pages of a result. */
export const MOST_RESULT_PAGES = 100;
/** Pages that are stored at the same time. */
const AT_ONCE = 4;
const NUMBER = /^[1-9]\d{0,2}$/;
/** `<id>.<pages>`: 128 random bits, and how many pages the result has. */
const HANDLE = /^([\w-]{1,60})\.([1-9]\d{0,2})$/;
/** Of the hash that a name in the store is. */
const NAME_BYTES = 16;
/** A handle of an earlier release: the name under which a result is kept, and how many pages it has. */
const sealedHandle = sealedText('handle of a result', () => z.tuple([z.string(), z.int()]));

export function createResults(deps: ResultDeps): Results {
  const { runtime, sealer, bytes, structuredBytes, keptMs, reader, most } = deps;
  const quotas = createQuotas(runtime);
  const quota = resultQuota(most, keptMs);

  async function keep(split: SplitResult, caller: Keeper, now: number): Promise<string> {
    const { principal, account, deadline } = caller;
    const { tenant } = principal;
    const size = split.pages.reduce((sum, page) => sum + jsonBytes(page), 0);
    await quotas.take(account.store, quota, principal, size);
    const id = runtime.newId();
    const name = await resultName(principal, id);
    const expiresAt = now + keptMs;
    for (let from = 0; from < split.pages.length; from += AT_ONCE) {
      const puts = split.pages.slice(from, from + AT_ONCE).map((page, index) => {
        const key = resultPageKey(tenant, name, from + index + 1);
        const put = resultPage.put(key, page, { expects: null, expiresAt, fleeting: true });
        return commitSurely(runtime, account.store, [put], deadline);
      });
      await Promise.all(puts);
    }
    return `${id}.${split.pages.length}`;
  }

  /** Where a result is kept, and how many pages it has; null: the text is no handle of this principal's. */
  async function placeOf(handle: string, principal: Principal, now: number): Promise<readonly [string, number] | null> {
    const [, id, pages] = HANDLE.exec(handle) ?? [];
    if (id !== undefined) return [await resultName(principal, id), Number(pages)];
    const opened = sealer && (await sealedHandle.open(sealer, handle, JSON.stringify(bindingOf(principal)), now));
    return opened?.ok ? opened.value : null;
  }

  return {
    async fit(result, hasSchema, caller) {
      const split = splitResult(result, bytes, hasSchema && !result.isError ? structuredBytes : 0);
      if (split === null) return result;
      if (split.pages.length > MOST_RESULT_PAGES) throw tooLarge(split);
      const now = runtime.now();
      const isWhole = split.isStructuredPaged && split.structured !== undefined;
      const handle = await keep(split, caller, now).catch((thrown: unknown) => {
        if (isOfStore(thrown)) {
          runtime.log('error', `a large answer was not kept: ${thrown.message}`, { code: thrown.code });
        } else if (!isOverQuota(thrown)) throw thrown;
        if (isWhole) return null;
        throw isOfStore(thrown) ? notKept(split, thrown) : thrown;
      });
      if (handle === null) return unkeptAnswer(split, bytes);
      return pagedAnswer(split, handle, { hasSchema, reader, most: bytes, until: now + keptMs });
    },

    async page(handle, number, principal, store) {
      const now = runtime.now();
      const place = NUMBER.test(number) ? await placeOf(handle, principal, now) : null;
      if (place === null) throw unknownPage();
      const [name, pages] = place;
      if (Number(number) > pages) throw unknownPage();
      const kept = resultPage.read(await store.get(resultPageKey(principal.tenant, name, Number(number)), now));
      if (kept === null) throw unknownPage();
      return { ...kept, pages };
    },
  };
}

/** How much of results may be kept at once. */
export function resultQuota({ results, allResults }: ResultDeps['most'], keptMs: number): Quota {
  return {
    name: 'quotas.results',
    of: 'large answers',
    unit: 'bytes',
    each: results,
    all: allResults,
    lastsMs: keptMs,
    hint: `the call itself was done; ${NARROWER}`,
  };
}

/** Nobody but the owner comes to the same name, by whichever client. The tenant is in the name of the partition. */
export async function resultName({ subject }: Owner, id: string): Promise<string> {
  return toBase64Url((await sha256(JSON.stringify([subject, null, id]))).subarray(0, NAME_BYTES));
}

function isOverQuota(thrown: unknown): boolean {
  return thrown instanceof TidegateError && thrown.code === 'rate_limited';
}

const NARROWER = 'ask for less, e.g. a shorter range or fewer keys';

function tooLarge({ bytes, pages }: SplitResult): TidegateError {
  return new TidegateError('too_large', `The answer has ${bytes} bytes, in ${pages.length} pages`, {
    expected: `at most ${MOST_RESULT_PAGES} pages`,
    hint: `the call itself was done; ${NARROWER}`,
  });
}

/** The tool has run, so no client should hear that it may send the call again. */
function notKept({ bytes }: SplitResult, cause: unknown): TidegateError {
  return new TidegateError('too_large', `The answer has ${bytes} bytes, and could not be kept`, {
    hint: `the call itself was done; ${NARROWER}`,
    cause,
  });
}

function unknownPage(): TidegateError {
  return new TidegateError('not_found', 'There is no such page of a result, or no longer', {
    field: 'handle',
    expected: 'a handle as an answer told it, and a page that it has',
  });
}
