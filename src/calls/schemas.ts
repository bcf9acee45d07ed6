/** Schemas of arguments and answers that several built-in tools share. All times are epoch milliseconds. */
import * as z from 'zod';
import { listedAs } from '../base/schema/json-schema.ts';
import { CURSOR_CHARACTERS } from '../streams/log/stream-cursor.ts';

/** A stream's name. The description of `list_streams` has the names, and so does the error for a wrong one. */
export const StreamName = z.string().min(1).max(64);

export const Key = z
  .string()
  .min(1)
  .max(256)
  .refine((key) => key.isWellFormed(), { error: 'a text without half of a surrogate pair' });

/** A time of an argument: a text as described, or a number of epoch ms. */
export const timeArgument = (about: string) =>
  listedAs(z.union([z.number(), z.string().max(64)]), z.string().describe(about)).optional();

/** What to know of an answer, in words. */
export const Notes = z.array(z.string()).optional();

export const CursorText = z.string().min(1).max(CURSOR_CHARACTERS);

export const Event = z.object({
  id: z.string().describe("The source's id where it has one"),
  revision: z.string().optional().describe("The source's revision of that id: the greater one is the newer"),
  stream: z.string(),
  key: z.string().optional().describe('What the event is about'),
  time: z.number().describe('When it happened, epoch ms'),
  at: z.string().describe('The same, ISO 8601'),
  data: z.unknown().describe('As the stream declares it; null on a gap'),
  meta: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Context; with `gap` in it the event says that events before it are missing'),
});

export const FeedNoteShape = z
  .object({
    name: z.string(),
    state: z
      .enum([
        'ok',
        'rejecting',
        'missing',
        'running',
        'backing-off',
        'open',
        'overdue',
        'stalled',
        'never-run',
        'unread',
        'paused',
      ])
      .describe(
        'rejecting: it delivers, but nothing that fits its stream; missing: events are known to be missing, and none came since; overdue: no host runs it; stalled: its process stands still or is gone; backing-off: failed, tried again soon; open: failed often, tried again after a pause; unread: not looked up here; paused: an operator stopped it',
      ),
    lagMs: z.number().nullable().describe('Age of the newest event that it brought; null: it brought none'),
    aheadMs: z.number().optional().describe('How far that event is dated ahead of the clock'),
    paused: z
      .object({ since: z.string(), reason: z.string().nullable() })
      .optional()
      .describe('Since when an operator stopped it, and why. Absent: it runs'),
    lastError: z.object({ code: z.string(), message: z.string(), at: z.string() }).nullable(),
    rejected: z
      .object({
        count: z.number(),
        items: z.number(),
        field: z.string(),
        stream: z.string().optional(),
        expected: z.string(),
        at: z.string(),
      })
      .nullable()
      .describe('What came last and was no event of its stream, and why; null: all was taken'),
  })
  .nullable()
  .describe('How the feed that fills the stream is; null: no feed, the stream is published to');

/** The same, of which tools that read events list the outlines: what each of its states is, the list of streams tells. */
export const FeedNoteOutline = listedAs(
  FeedNoteShape.describe('Of the feed'),
  z
    .looseObject({ name: z.string(), state: z.string(), lagMs: z.number().nullable() })
    .nullable()
    .describe('How the feed that fills the stream is; null: no feed, the stream is published to'),
);

/** Annotations of a tool that only reads. */
export const READ_ONLY = { readOnlyHint: true, idempotentHint: true, openWorldHint: false } as const;

/** Annotations of a tool that writes, and that may be called again with the same arguments. */
export const REPEATABLE = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
} as const;
