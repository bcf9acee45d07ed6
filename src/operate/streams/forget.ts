/**
 * `streams forget`: everything of a key, such as of a person. Its events and latest event go by a removal, which followers obey; dead
 * letters that hold the key are erased in their place; occurrences and alarms of triggers are removed here and by their next round.
 */
import * as z from 'zod';
import { TidegateError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { type DeadLetter, deadLetter, deadLetterLog, ERASED, erasedLetter } from '../../feeds/records/dead-letters.ts';
import type { Cursor } from '../../store/store.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import { isAuditLog } from '../../auth/audit/stream.ts';
import { ofLetters, ofStream, scopeOfLogs } from '../../streams/scope.ts';
import { eraseAll } from '../../streams/removing/erase-removed.ts';
import { removeEvents } from '../../streams/removing/remove.ts';
import { removeFromAlarms } from '../../triggers/alarms/remove.ts';
import { removeOccurrences } from '../../triggers/keep.ts';
import { type OperateContext, operatorAction } from '../action.ts';
import { changeableStream, NameOfStream, type NamedStream } from './named-stream.ts';

/** A character of a word. */
const WORD = /[\p{L}\p{N}_]/u;

const NOT_REACHED = [
  'backups',
  'exports',
  'webhooks and other deliveries that were sent',
  'answers that clients keep',
  'results of tasks',
];

export const streamsForget = operatorAction({
  noun: 'streams',
  verb: 'forget',
  description:
    'Removes everything of a key: its events and latest event, dead letters that hold it, occurrences and alarms of triggers on them. Says what it cannot reach. The audit log does not name the key.',
  input: z.strictObject({
    key: z.string().min(1).max(256).describe('The key, exactly as events have it'),
    stream: z.array(NameOfStream).max(100).optional().describe('Only in these streams. Default: all with keys'),
  }),
  words: ['key'],
  unnamed: true,
  output: z.object({
    streams: z.array(
      z.object({ stream: z.string(), removed: z.number().describe('Events that were erased'), complete: z.boolean() }),
    ),
    deadLetters: z.number().describe('Dead letters that were erased, because the key stands in them'),
    triggers: z.array(z.string()).describe('Triggers whose occurrences and alarms were gone through'),
    complete: z.boolean().describe('False: nobody reads them any more, but not all are erased yet: call it again'),
    notReached: z.array(z.string()),
  }),
  effect: 'destroys',
  failed: (answer) => (isNothing(answer) ? 'not_found' : null),
  warning: ({ key, stream }) =>
    `This removes everything of the key ${key} in ${stream?.join(', ') ?? 'all streams with keys'}.`,
  async run({ key, stream: names }, context) {
    const found = namedStreams(context, names);
    const streams = [];
    let letters = 0;
    const triggers = new Set<string>();
    for (const [done, named] of found.entries()) {
      context.progress(done, found.length, 'streams');
      const { stream, own } = named;
      const { removed } = await removeEvents(own, stream, { key }, context.deadline);
      for (const trigger of await forgetOccurrences(named, key, context)) triggers.add(trigger);
      letters += await forgetLetters(named, key);
      streams.push({ stream: stream.name, removed, complete: await eraseAll(own, stream, context.deadline) });
    }
    return {
      streams,
      deadLetters: letters,
      triggers: [...triggers],
      complete: streams.every(({ complete }) => complete),
      notReached: [...NOT_REACHED, ...ofOthers(found, context), ...ofAll(names, context)],
    };
  },
  lines: ({ streams, deadLetters, triggers, complete, notReached }) => [
    ...streams.map(({ stream, removed }) => `${stream}: ${removed} events removed`),
    `${deadLetters} dead letters erased`,
    ...(triggers.length === 0 ? [] : [`Gone through as well: occurrences and alarms of ${triggers.join(', ')}`]),
    ...(complete ? [] : ['Nobody reads them any more, but not all are erased yet: call it again']),
    ...(isNothing({ streams, deadLetters })
      ? ['No event and no dead letter of these streams has this key: is it written exactly as events have it?']
      : []),
    `Not reached: ${notReached.join(', ')}`,
  ],
});

/** Where a key is mistyped, whoever wants to be forgotten is not. */
function isNothing({
  streams,
  deadLetters,
}: {
  streams: readonly { removed: number }[];
  deadLetters: number;
}): boolean {
  return deadLetters === 0 && streams.every(({ removed }) => removed === 0);
}

/** Streams that each tenant has of its own, of which those of one tenant were gone through. */
function ofOthers(found: readonly NamedStream[], { tenant, ofApp }: OperateContext): string[] {
  const own = found.filter(({ stream }) => stream.tenants === 'each').map(({ stream }) => stream.name);
  if (own.length === 0 || !ofApp) return [];
  const names = own.join(', ');
  return [`what other tenants than ${tenant} have in ${names} (tenants list says who there is; --tenant NAME)`];
}

/** Streams with keys that all tenants share, which an operator of one tenant does not change. */
function ofAll(names: readonly string[] | undefined, { ofApp, deps }: OperateContext): string[] {
  if (ofApp || names !== undefined) return [];
  const shared = [...deps.app.streams.values()].filter(
    (stream) => stream.keyed && !isAuditLog(stream) && stream.tenants !== 'each',
  );
  if (shared.length === 0) return [];
  return [
    `streams that all tenants share: ${shared.map(({ name }) => name).join(', ')} (who runs the app removes the key there)`,
  ];
}

function namedStreams(context: OperateContext, names: readonly string[] | undefined): NamedStream[] {
  if (names !== undefined) {
    const found = names.map((name) => changeableStream(context, name));
    const unkeyed = found.find(({ stream }) => !stream.keyed);
    if (unkeyed === undefined) return found;
    throw new TidegateError('invalid_input', `the events of ${unkeyed.stream.name} have no keys`, {
      field: 'stream',
      expected: 'a stream with keys',
    });
  }
  const isIn = (stream: DeclaredStream) =>
    stream.keyed && !isAuditLog(stream) && (context.ofApp || stream.tenants === 'each');
  const all = [...context.deps.app.streams.values()].filter(isIn).map(({ name }) => changeableStream(context, name));
  if (all.length > 0) return all;
  throw new TidegateError('invalid_input', 'the app has no stream with keys that may be changed here', {
    field: 'key',
    expected: 'an app with streams that declare a key',
  });
}

/** @returns names of the triggers */
async function forgetOccurrences(
  { stream, scope }: NamedStream,
  key: string,
  { deps, deadline }: OperateContext,
): Promise<string[]> {
  const triggers = [...deps.app.triggers.values()].filter(({ on }) => [...on.values()].includes(stream.name));
  for (const trigger of triggers) {
    await removeOccurrences(ofStream(scope, trigger), trigger, { key }, deadline, removeFromAlarms);
  }
  return triggers.map(({ name }) => name);
}

/** Whether an item that is not read as an event of the stream may be of a key: a number in it, or a word of a text such as a line of CSV. */
function standsIn(stream: DeclaredStream, item: Json, key: string): boolean {
  if (typeof item === 'string') return hasWord(item, key);
  try {
    const own = stream.key(item);
    if (own !== null) return own === key;
  } catch {
    // It is not of the stream's form.
  }
  return hasNumber(item, key);
}

/** Whether what came with an item of which no key is known, such as its topic, may be of a key. */
function cameWith(stream: DeclaredStream, { key: own, item, meta = {} }: DeadLetter, key: string): boolean {
  if (own !== undefined) return false;
  try {
    if (typeof item !== 'string' && stream.key(item) !== null) return false;
  } catch {
    // It is not of the stream's form.
  }
  const values: (Json | undefined)[] = Object.values(meta);
  return values.some((value = null) => (typeof value === 'string' ? hasWord(value, key) : hasNumber(value, key)));
}

function hasNumber(item: Json, key: string): boolean {
  if (typeof item === 'number' || typeof item === 'boolean') return String(item) === key;
  return (
    typeof item === 'object' && item !== null && Object.values(item).some((member: Json) => hasNumber(member, key))
  );
}

function hasWord(text: string, key: string): boolean {
  for (let at = text.indexOf(key); at !== -1; at = text.indexOf(key, at + 1)) {
    const [before = '', after = ''] = [text[at - 1], text[at + key.length]];
    if (!WORD.test(before) && !WORD.test(after)) return true;
  }
  return false;
}

/** Erases letters of the stream in which the key stands. @returns how many */
async function forgetLetters({ stream, scope }: NamedStream, key: string): Promise<number> {
  const { app } = scope;
  const feeds = [...app.feeds.values()].filter(({ targets }) =>
    targets.some((target) => target.stream === stream.name),
  );
  const [inJson, inText] = [JSON.stringify(key), JSON.stringify(JSON.stringify(key)).slice(1, -1)];
  let erased = 0;
  for (const feed of feeds) {
    const { store, tenant } = ofLetters(scopeOfLogs(scope, scope), feed);
    const log = deadLetterLog(tenant, feed.name);
    for (let after: Cursor | null = null; ;) {
      const page: Awaited<ReturnType<typeof store.read>> = await store.read(log, after, READ_LIMIT);
      const erasures = page.entries.flatMap((entry) => {
        const letter = deadLetter.read(entry);
        if (letter.stream !== stream.name || letter.reason === ERASED) return [];
        const text = JSON.stringify(letter.item);
        // A letter that was cut is a text of JSON within JSON.
        const isIn = letter.key === key || text.includes(inJson) || text.includes(inText);
        if (!isIn && !standsIn(stream, letter.item, key) && !cameWith(stream, letter, key)) return [];
        return [{ cursor: entry.cursor, value: deadLetter.encode(erasedLetter(letter)) }];
      });
      if (erasures.length > 0) await store.erase(log, erasures);
      erased += erasures.length;
      if (page.entries.length < READ_LIMIT) break;
      after = page.cursor;
    }
  }
  return erased;
}
