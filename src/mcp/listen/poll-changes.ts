/**
 * `poll_changes`: which of some resources, tasks and lists have changed since the call before, for clients that show their model no
 * notification. It waits for nothing and carries no data: what has changed is read again.
 */
import * as z from 'zod';
import { type Tool, tool } from '../../declare/tool.ts';
import type { ListContext, ToolContext } from '../../declare/context.ts';
import { TidegateError } from '../../base/errors.ts';
import { jsonText } from '../../base/plain.ts';
import { type AppDeps, storeOf } from '../../calls/context.ts';
import { changesSince } from '../../calls/changes/since.ts';
import type { Changed, ResourceSource, WantedTask } from '../../calls/changes/topics.ts';
import { bothHalves, type ShownRow } from '../../calls/halves.ts';
import { callsTo, NextCalls } from '../../calls/next-call.ts';
import { CursorText, Notes, READ_ONLY } from '../../calls/schemas.ts';
import type { Store } from '../../store/store.ts';
import { LISTS } from '../../streams/hints.ts';

/** What the caller may ask about. */
interface Askable {
  /** What changes the resource that a URI reads; null: there is none, or nothing says what changes it. */
  sourcesOf: (uri: string) => readonly ResourceSource[] | null;
  /** Those of these ids that are tasks which the caller may read. */
  tasksSeen: (ids: readonly string[], context: ListContext) => Promise<readonly WantedTask[]>;
  /** Notes on keys that no event of these sources has. */
  unknownKeys: (sources: readonly ResourceSource[], context: ToolContext) => Promise<readonly string[]>;
  /** Has the store tell of lists that changed with this deployment. */
  noteLists: (view: Store) => Promise<void>;
}

/** Most URIs, and most tasks, of one call. */
const MOST_POLLED = 50;
const URI_CHARACTERS = 1_024;

const Input = z.strictObject({
  uris: z.array(z.string().min(1).max(URI_CHARACTERS)).max(MOST_POLLED).optional().describe('As stream://name/key'),
  tasks: z.array(z.string().min(1).max(64)).max(MOST_POLLED).optional(),
  lists: z.array(z.enum(LISTS)).max(LISTS.length).optional(),
  cursor: CursorText.optional().describe('Of the call before'),
});

const Output = z.object({
  changes: z
    .array(z.object({ uri: z.string().optional(), task: z.string().optional(), list: z.string().optional() }))
    .describe('Each once, as it was asked for; it may read otherwise now'),
  cursor: z.string().describe('Give it to the next call: no change is missed'),
  truncated: z.boolean().describe('True: what came since the cursor is gone in part, so more may be told than changed'),
  notes: Notes,
  nextCalls: NextCalls,
});

export function pollChangesTool({ app }: AppDeps, { sourcesOf, tasksSeen, unknownKeys, noteLists }: Askable): Tool {
  return tool({
    title: 'Changes',
    description: 'Which of these changed since the call before; the first answers a cursor alone.',
    input: Input,
    output: Output,
    annotations: { ...READ_ONLY, idempotentHint: false },
    async run(input, context) {
      const uris = [...new Set(input.uris)];
      const tasks = [...new Set(input.tasks)];
      const lists = [...new Set(input.lists)];
      if (uris.length + tasks.length + lists.length === 0) throw nothingAsked();
      const resources = uris.map((uri) => ({ uri, sources: sourcesOf(uri) ?? unknownUri(uri) }));
      const seen = tasks.length === 0 ? [] : await tasksSeen(tasks, context);
      for (const task of tasks) if (!seen.some(({ id }) => id === task)) throw unknownTask(task);
      const { principal } = context;
      if (lists.length > 0) await noteLists(storeOf(context));
      const wanted = { resources, tasks: seen, lists };
      const { changes, cursor, truncated } = await changesSince(
        storeOf(context),
        principal,
        wanted,
        input.cursor ?? null,
      );
      // Later calls ask about the same keys.
      const isFirst = input.cursor === undefined;
      const sources = resources.flatMap((resource) => resource.sources);
      const notes = isFirst ? await unknownKeys(sources, context) : [];
      const nothing = isFirst ? 'Changes are told from now on.' : 'Nothing changed.';
      const gone =
        'Truncated: some of what came since the cursor is gone, so whatever it may have changed is told as changed.';
      return bothHalves<z.input<typeof Output>>({
        before: [],
        name: 'changes',
        rows: inOrder([...changes], [...uris, ...tasks, ...lists]).map(rowOf),
        after: [...(changes.size === 0 ? [nothing] : []), ...(truncated ? [gone] : []), ...notes],
        calls: callsTo('What changes after this', app.toolNames.poll_changes, { ...input, cursor }),
        structured: { cursor, truncated, ...(notes.length === 0 ? {} : { notes: [...notes] }) },
      });
    },
  });
}

function inOrder(changes: readonly Changed[], asked: readonly string[]): Changed[] {
  return changes.toSorted((one, other) => asked.indexOf(askedAs(one)) - asked.indexOf(askedAs(other)));
}

function askedAs(change: Changed): string {
  if (change.of === 'resource') return change.uri;
  return change.of === 'task' ? change.id : change.list;
}

function rowOf(change: Changed): ShownRow {
  const name = askedAs(change);
  if (change.of === 'task') return { line: `changed: task ${jsonText(name)}`, items: [{ task: name }] };
  if (change.of === 'list') return { line: `changed: the list of ${name}`, items: [{ list: name }] };
  return { line: `changed: ${jsonText(name)}`, items: [{ uri: name }] };
}

function nothingAsked(): TidegateError {
  return new TidegateError('invalid_input', 'there is nothing to ask about', {
    field: 'uris',
    expected: 'at least one URI, one task in `tasks`, or one list in `lists`',
  });
}

function unknownUri(uri: string): never {
  throw new TidegateError('not_found', `nothing tells of changes of ${jsonText(uri)}`, {
    field: 'uris',
    expected: 'URIs of resources that can change, such as stream://name or stream://name/key',
  });
}

function unknownTask(task: string): TidegateError {
  return new TidegateError('not_found', `there is no task ${jsonText(task)}`, {
    field: 'tasks',
    expected: 'handles that earlier calls answered',
  });
}
