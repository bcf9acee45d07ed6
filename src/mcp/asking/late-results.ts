/**
 * Results that come when their call has been answered: a handle is told with that answer, and read like that of a large
 * result (`calls/results.ts`). Until the result is there, the handle reads as a page that says so.
 */
import type { ToolResult } from '../../declare/check/tool-result.ts';
import { asTidegateError } from '../../base/errors.ts';
import { jsonBytes, sentJson } from '../../base/json.ts';
import { inPages } from '../../base/text.ts';
import { commitSurely } from '../../store/commit.ts';
import { createQuotas } from '../../store/quotas/quotas.ts';
import { resultPage, type ResultPage, resultPageKey } from '../../calls/names.ts';
import { callLine, callsTo } from '../../calls/next-call.ts';
import { type Keeper, MOST_RESULT_PAGES, type ResultDeps, resultName, resultQuota } from '../../calls/results.ts';
import { RESULT_PAGE_BYTES } from '../../calls/result-pages.ts';

export interface LateResults {
  /** The call that reads what comes, as a line; null: nothing reads it. */
  readLine(handle: string): string | null;
  /** A handle for a result that is not there yet, and says `text` until then. Kept as long as results are. One store call. */
  promise(text: string, keeper: Keeper): Promise<string>;
  /** Puts the result in its place, or what is said where there is no room for it. Two store calls, and one for each further page. */
  settle(handle: string, result: ToolResult, keeper: Keeper): Promise<void>;
}

type LateResultDeps = Pick<ResultDeps, 'runtime' | 'keptMs' | 'most' | 'reader'>;

export function createLateResults({ runtime, keptMs, most, reader }: LateResultDeps): LateResults {
  const quotas = createQuotas(runtime);
  const quota = resultQuota(most, keptMs);
  async function keep(id: string, pages: readonly ResultPage[], { principal, account, deadline }: Keeper) {
    const name = await resultName(principal, id);
    for (const [index, page] of pages.entries()) {
      const key = resultPageKey(principal.tenant, name, index + 1);
      const reading = await account.store.get(key, runtime.now());
      const put = resultPage.replace(reading, page, { expiresAt: runtime.now() + keptMs });
      await commitSurely(runtime, account.store, [put], deadline);
    }
  }

  return {
    readLine: (handle) => callsTo('What comes of it', reader, { handle }).map(callLine)[0] ?? null,

    async promise(text, keeper) {
      const { principal, account, deadline } = keeper;
      const id = runtime.newId();
      const key = resultPageKey(principal.tenant, await resultName(principal, id), 1);
      const page = { mimeType: 'text/plain', text };
      const put = resultPage.put(key, page, { expects: null, expiresAt: runtime.now() + keptMs });
      await commitSurely(runtime, account.store, [put], deadline);
      return `${id}.1`;
    },

    async settle(handle, result, keeper) {
      const [first, ...more] = pagesOf(result);
      if (first === undefined) return;
      const size = [first, ...more].reduce((sum, page) => sum + jsonBytes(page), 0);
      const refused = await quotas.take(keeper.account.store, quota, keeper.principal, size).then(
        () => null,
        (thrown: unknown) => `The call was done. Its result could not be kept: ${asTidegateError(thrown).message}`,
      );
      if (refused !== null) return keep(idOf(handle), [{ mimeType: 'text/plain', text: refused }], keeper);
      if (more.length === 0) return keep(idOf(handle), [first], keeper);
      // The handle that was told has one page, so what is larger gets another one.
      const id = runtime.newId();
      const pages = [first, ...more].slice(0, MOST_RESULT_PAGES);
      await keep(id, pages, keeper);
      const whole = `${id}.${pages.length}`;
      const text = `The result came, in ${pages.length} pages. ${this.readLine(whole) ?? `The first is result://${whole}/1`}`;
      await keep(idOf(handle), [{ mimeType: 'text/plain', text }], keeper);
    },
  };
}

function idOf(handle: string): string {
  return handle.slice(0, handle.lastIndexOf('.'));
}

/** A result of texts as its text, any other one as JSON. */
function pagesOf(result: ToolResult): ResultPage[] {
  const texts = result.content.flatMap((block) => (block.type === 'text' ? [block.text] : []));
  const isText = texts.length === result.content.length && result.structuredContent === undefined;
  const failed = result.isError ? 'The call failed.\n' : '';
  const page = isText
    ? { mimeType: 'text/plain', text: `${failed}${texts.join('\n')}`.toWellFormed() }
    : { mimeType: 'application/json', text: sentJson(result) };
  if (jsonBytes(page) <= RESULT_PAGE_BYTES) return [page];
  return inPages(page.text, RESULT_PAGE_BYTES).map((text) => ({ ...page, text }));
}
