/** What a request to listen asks for, and the part of it that is honoured: what the caller may hear of and what can change. */
import { TidegateError } from '../../base/errors.ts';
import type { Caller } from '../../calls/caller.ts';
import type { Wanted } from '../../calls/changes/topics.ts';
import type { ListName } from '../../streams/hints.ts';
import type { Registry } from '../registry/registry.ts';
import { isObject, type Params } from '../wire/params.ts';

/** Most URIs, and most tasks, of one listener. */
const MOST_LISTENED = 100;
/** Longest URI and id, in characters. */
const MOST_CHARACTERS = 2_048;

/** As `params.notifications` of `subscriptions/listen` names it. What is absent was not asked for, or is not honoured. */
export interface ListenFilter {
  toolsListChanged?: true;
  promptsListChanged?: true;
  resourcesListChanged?: true;
  eventsListChanged?: true;
  resourceSubscriptions?: readonly string[];
  taskIds?: readonly string[];
}

const LIST_MEMBERS: Readonly<Record<ListName, keyof ListenFilter>> = {
  tools: 'toolsListChanged',
  prompts: 'promptsListChanged',
  resources: 'resourcesListChanged',
  events: 'eventsListChanged',
};

/** @throws TidegateError `invalid_input` naming the member */
export function filterOf({ notifications }: Params): ListenFilter {
  if (!isObject(notifications)) throw wrong('notifications', 'an object of what to listen to');
  const asked: ListenFilter = {};
  for (const member of Object.values(LIST_MEMBERS)) {
    const value = notifications[member];
    if (value !== undefined && typeof value !== 'boolean') throw wrong(`notifications.${member}`, 'true or false');
    if (value === true) Object.assign(asked, { [member]: true });
  }
  for (const member of ['resourceSubscriptions', 'taskIds'] as const) {
    const given = notifications[member];
    if (given !== undefined) asked[member] = textsOf(given, `notifications.${member}`);
  }
  return asked;
}

function textsOf(given: unknown, field: string): string[] {
  const expected = `at most ${MOST_LISTENED} texts of at most ${MOST_CHARACTERS} characters`;
  if (!Array.isArray(given)) throw wrong(field, expected);
  const texts = [...new Set(given)].filter((one): one is string => typeof one === 'string');
  const fit = texts.every((text) => text.length <= MOST_CHARACTERS);
  if (!fit || texts.length > MOST_LISTENED || given.some((one) => typeof one !== 'string'))
    throw wrong(field, expected);
  return texts;
}

function wrong(field: string, expected: string): TidegateError {
  return new TidegateError('invalid_input', `params.${field} is missing or wrong`, {
    field: `params.${field}`,
    expected,
  });
}

/** What is honoured of a filter, in both forms. A URI that reads nothing and another's task are left out alike. */
export async function honouredOf(
  { resources, extensions }: Registry,
  asked: ListenFilter,
  caller: Caller,
): Promise<{ filter: ListenFilter; wanted: Wanted }> {
  const { resourceSubscriptions = [], taskIds = [] } = asked;
  const listened = resourceSubscriptions.flatMap((uri) => {
    const sources = resources.sourcesOf(uri);
    return sources === null ? [] : [{ uri, sources }];
  });
  const tasks = taskIds.length === 0 ? [] : ((await extensions.tasks?.seen(taskIds, caller)) ?? []);
  const lists = (Object.keys(LIST_MEMBERS) as ListName[]).filter(
    (list) => asked[LIST_MEMBERS[list]] === true && (list !== 'events' || extensions.lists.has(list)),
  );
  return {
    wanted: { resources: listened, tasks, lists },
    filter: {
      ...Object.fromEntries(lists.map((list) => [LIST_MEMBERS[list], true])),
      ...(listened.length > 0 ? { resourceSubscriptions: listened.map(({ uri }) => uri) } : {}),
      ...(tasks.length > 0 ? { taskIds: tasks.map(({ id }) => id) } : {}),
    },
  };
}
