/** Pages of a task's result as resources, which only the task's principal can read. */
import type { ContentBlock } from '../../declare/content.ts';
import { type Resource, resource } from '../../declare/resource.ts';
import { TASKS_SCOPE } from '../../base/scopes.ts';
import { TidegateError } from '../../base/errors.ts';
import type { Tasks } from '../../tasks/work/service.ts';
import { accountedTasks } from '../../calls/context.ts';

const TEMPLATE = 'task://{task}/pages/{page}';
/** Most links in a result. The URIs of further pages follow from them. */
const MOST_LINKS = 20;
const NUMBER = /^[1-9]\d{0,5}$/;
/** A page never changes. */
const CACHE = { ttlMs: 3_600_000, cacheScope: 'private' } as const;

function pageUri(taskId: string, page: number): string {
  return `task://${encodeURIComponent(taskId)}/pages/${page}`;
}

export function linksToPages(taskId: string, pages: number): ContentBlock[] {
  return Array.from({ length: Math.min(pages, MOST_LINKS) }, (_, index) => ({
    type: 'resource_link',
    uri: pageUri(taskId, index + 1),
    name: `page ${index + 1} of ${pages}`,
  }));
}

/** One call to the store. */
export function pageResource(tasks: Tasks): Resource {
  return resource({
    uri: TEMPLATE,
    title: 'Page of a result',
    scopes: [TASKS_SCOPE],
    description: "A page of a task's result, from 1 on; how many there are stands in the result",
    cache: CACHE,
    async read({ task, page }, context) {
      const { uri, principal } = context;
      if (!NUMBER.test(page)) {
        const expected = 'the number of a page, from 1 on';
        throw new TidegateError('not_found', `There is no page ${page.slice(0, 64)}`, { field: 'uri', expected });
      }
      const { text, mimeType } = await accountedTasks(tasks, context).page(principal, task, Number(page));
      return [{ uri, mimeType, text }];
    },
  });
}
