/**
 * `streams delete`: all events of a stream. A removal of everything takes effect with one commit, so no reader gets any of them from
 * then on and what arrives meanwhile stays. A second one marks the end of what is trimmed: the log then begins behind the first one's
 * entry, so that a cursor of before reads `truncated`, also one that stood at the end. Each step can be repeated.
 */
import * as z from 'zod';
import { LATEST_MS } from '../../base/time/iso-8601.ts';
import { commitSurely } from '../../store/commit.ts';
import { listAll } from '../../store/list-all.ts';
import type { Operation } from '../../store/store.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import type { StreamScope } from '../../streams/scope.ts';
import { readRemovals } from '../../streams/log/removals.ts';
import { streamLog } from '../../streams/log/stream-log.ts';
import { eraseAll } from '../../streams/removing/erase-removed.ts';
import { removeEvents } from '../../streams/removing/remove.ts';
import { type OperateContext, operatorAction } from '../action.ts';
import { storedCount } from '../stored-count.ts';
import { changeableStream, importKey, NameOfStream } from './named-stream.ts';

/** Removals of one call. */
const MARKS = 2;
const TRIM_ENTRIES = 10_000;
/** Longest wait for a clock that is behind the newest event, ms. */
const MOST_WAIT_MS = 1_000;

export const streamsDelete = operatorAction({
  noun: 'streams',
  verb: 'delete',
  description:
    'Deletes all events of a stream, its latest events and indexes. Its feed goes on from where it stands: feeds reset has it begin anew. Backups, exports and what was delivered are not reached.',
  input: z.strictObject({ stream: NameOfStream }),
  words: ['stream'],
  output: z.object({
    stream: z.string(),
    events: z.number().describe('How many the stream had; of more than 1,000, with the places of removed ones'),
    complete: z
      .boolean()
      .describe('False: nobody reads them any more, but not all are gone from the store yet: call it again'),
  }),
  effect: 'destroys',
  warning: ({ stream }) => `This deletes all events of the stream ${stream}.`,
  async run({ stream: name }, context) {
    const { stream, own } = changeableStream(context, name);
    const { runtime } = own;
    const { events, entries } = await storedCount(own, name);
    if (events === 0 && entries <= MARKS) return { stream: name, events, complete: true };
    for (let marks = 0; marks < MARKS; marks += 1) {
      const { lastEntryAt } = await storedCount(own, name);
      // An entry of a removal is to be told from what is before it by its time.
      const behindMs = (lastEntryAt ?? 0) + 1 - runtime.now();
      if (behindMs > 0) await runtime.sleep(Math.min(behindMs, MOST_WAIT_MS), context.signal);
      await removeEvents(own, stream, { to: LATEST_MS }, context.deadline);
    }
    await forgetImports(own, name, context.deadline);
    const trimmed = await trimBefore(own, stream, entries, context);
    const complete = trimmed && (await eraseAll(own, stream, context.deadline));
    return { stream: name, events, complete };
  },
  lines: ({ stream, events, complete }) => {
    if (events === 0 && complete) return [`${stream} has no events`];
    const are = events === 1 ? `1 event of ${stream} is` : `${events} events of ${stream} are`;
    return [`${are} deleted${complete ? '' : ', and not all are gone from the store yet: call it again'}`];
  },
});

/** What was imported before may be imported again. */
async function forgetImports(own: StreamScope, name: string, deadline: number): Promise<void> {
  const { store, runtime } = own;
  for await (const records of listAll(own, importKey(own, name, '').partition, {
    limit: store.limits.commitOperations,
  })) {
    const deletes = records.map(({ partition, id, version }): Operation => ({
      kind: 'delete',
      partition,
      id,
      expects: version,
    }));
    // Whoever imports meanwhile has put others.
    await commitSurely(runtime, store, deletes, deadline);
  }
}

/** Trims what came before the last removal of everything. False: the time is over. */
async function trimBefore(
  own: StreamScope,
  { name }: DeclaredStream,
  total: number,
  { deadline, signal, progress }: OperateContext,
): Promise<boolean> {
  const { store, runtime, tenant } = own;
  const log = streamLog(tenant, name);
  const standing = await readRemovals(own, name);
  const last = standing?.value.active.findLast(
    ({ what }) => 'from' in what && what.key === undefined && what.from === null,
  );
  if (last === undefined) return true;
  const [entry] = (await store.read(log, last.until, 1)).entries;
  if (entry === undefined) return true;
  let removed = 0;
  for (;;) {
    if (signal.aborted || runtime.now() >= deadline) return false;
    const step = await store.trim(log, { now: runtime.now(), appendedBefore: entry.appendedAt, limit: TRIM_ENTRIES });
    removed += step.removed;
    progress(removed, total, 'events');
    if (!step.more) return true;
  }
}
