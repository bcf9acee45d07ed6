/**
 * A kind of feed of its own: a notice board in memory. Notes are taken down in bursts, each stream takes those of one
 * topic, the author or the place of a note is its record key, and agents put notes up with the tool `put_up`.
 */
import {
  type Checked,
  type Feed,
  type FeedPacing,
  from,
  type Outlet,
  type OutletTypes,
  pacingOptions,
  type PublishOutcome,
  specProblems,
  TidegateError,
  withDefaults,
} from 'tidegate';
import * as z from 'zod';

export interface Note {
  subject: string;
  author: string;
  place: string;
  text: string;
}

export interface BoardOptions extends FeedPacing {
  /** The board itself: notes in the order in which they were put up. */
  notes: Note[];
  /** Subjects under which agents may put notes up. Default: none. */
  open?: string[];
  /** Most notes of a burst. */
  most?: number;
}

/** What a stream says of its share: `from<BoardRoute>('board', { subject: 'lost' })`. */
export interface BoardRoute {
  subject: string;
  /** What is the record key. Default: the stream's own. */
  keyedBy?: 'author' | 'place';
}

export interface BoardOutcome extends PublishOutcome {
  subject: string;
}

export interface BoardOutlet extends OutletTypes {
  message: Note;
  outcome: BoardOutcome;
}

export const boardSpec = z.strictObject({
  notes: z.array(z.custom<Note>(), { error: 'a list of notes' }),
  open: z.array(z.string(), { error: 'a list of subjects' }).default([]),
  most: z.int({ error: 'a whole number' }).default(100),
  ...pacingOptions,
});

export const routeSpec = z.strictObject({
  subject: z.string({ error: 'the subject of a note' }),
  keyedBy: z.enum(['author', 'place'], { error: 'author or place' }).optional(),
});

const noteSpec = z.strictObject({ subject: z.string(), author: z.string(), place: z.string(), text: z.string() });

export function board(options: BoardOptions): Feed<BoardOutlet> {
  const { notes, open, most } = withDefaults(boardSpec, options);
  return {
    kind: 'feed',
    type: 'board',
    source: 'a notice board',
    pacing: { everyMs: options.everyMs, budget: options.budget, overflow: options.overflow, sample: options.sample },
    replayable: true,
    problems: () => specProblems(boardSpec, options),
    route: { spec: routeSpec, isKeyed: ({ keyedBy }: BoardRoute) => keyedBy !== undefined },
    async *burst({ targets, position }) {
      const next = typeof position === 'number' ? position : 0;
      const taken = notes.slice(next, next + most);
      const items = targets.flatMap(({ stream, route }) => {
        const { subject, keyedBy } = route as BoardRoute;
        return taken
          .filter((note) => note.subject === subject)
          .map((note) => ({
            stream,
            data: { text: note.text },
            bytes: note.text.length,
            ...(keyedBy === undefined ? {} : { key: note[keyedBy] }),
          }));
      });
      yield { items, position: next + taken.length, last: true };
    },
    ...(open.length === 0 ? {} : { outlet: () => outletOf(notes, open) }),
  };
}

export const fromBoard = (feed: string, route: BoardRoute) => from<BoardRoute>(feed, route);

function outletOf(notes: Note[], open: readonly string[]): Outlet {
  const rules = open.map((pattern) => ({ pattern, confirm: null }));
  return {
    rules,
    audit: null,
    factsOf: (message) => ({ subject: String((message as Partial<Note>).subject) }),
    check(message): Checked<BoardOutcome> {
      const note = noteSpec.parse(message);
      const rule = rules.find(({ pattern }) => pattern === note.subject);
      if (!rule) {
        throw new TidegateError('invalid_input', 'subject is wrong', { field: 'subject', expected: open.join(' or ') });
      }
      const outcome = { reason: null, unheard: null, subject: note.subject };
      return {
        rule,
        facts: { subject: note.subject },
        shown: (feed) => [`Note: ${JSON.stringify(note)} (${feed})`],
        identity: [note],
        field: 'subject',
        declined: { ...outcome, status: 'declined' },
        async send() {
          notes.push(note);
          return { ...outcome, status: 'acknowledged' };
        },
      };
    },
    tools: boardTools,
  };
}

function boardTools(outlets: ReadonlyMap<string, Outlet>): ReturnType<NonNullable<Outlet['tools']>> {
  const [feed = ''] = outlets.keys();
  const subjects = [...outlets.values()].flatMap(({ rules }) => rules.map(({ pattern }) => pattern));
  return {
    put_up: {
      title: 'Put up',
      description: `Puts a note up. Subjects: ${subjects.join(', ')}`,
      input: noteSpec,
      output: z.object({ status: z.string(), subject: z.string() }).loose(),
      async run(note: Note, feeds) {
        const outcome = await feeds.publish<BoardOutlet>(feed, note);
        return { text: `${outcome.subject}: ${outcome.status}`, structured: outcome };
      },
    },
  };
}
