/**
 * What a task remembers, one record each. The id says of what kind it is: `step <name>`, `sleep`, `wait <stream>`,
 * `ask <key>`, `now`, `random`, `uuid` (each with an ordinal where it is used again), and `result page <digest>@…`.
 */
import * as z from 'zod';
import type { Answer } from '../../declare/ask.ts';
import type { Occurrence } from '../../declare/task.ts';
import { ERROR_CODES, type ErrorCode } from '../../base/errors.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { record, type RecordType } from '../../store/record.ts';
import type { RecordKey } from '../../store/store.ts';
import { taskPartition } from './names.ts';
import { occurrence } from './occurrence.ts';

/** The prefix of all that is remembered. A list by it leaves out header, input, assignment and pages. */
export const REMEMBERED = 'm:';

export function rememberedKey(tenant: string, taskId: string, id: string): RecordKey {
  return { partition: taskPartition(tenant, taskId), id: `${REMEMBERED}${id}` };
}

/** Part of everything that `run` may have waited for beside something else; see `turn/order.ts`. */
export interface Ordered {
  /** From 1 on, in the order in which `run` got it. Absent: nothing else was waited for. */
  place?: number;
}

/** A step that ended, with the number of the page that it stored, if it stored one. */
interface EndedStep extends Ordered {
  value: Json;
  page?: number;
}

/** A step that failed, for good or until it is tried again. */
export interface FailedStep extends Ordered {
  /** How many tries failed. */
  failures: number;
  /** Of the last try. */
  error: { code: ErrorCode; message: string };
  /** Whether that was the last try. */
  final: boolean;
  /** Epoch ms at which it is tried again. A turn that something else began earlier waits for this time too. */
  againAt?: number;
  /** Epoch ms of the last failure. Absent: an earlier release wrote it. */
  failedAt?: number;
}

type RememberedStep = EndedStep | FailedStep;

interface Sleep extends Ordered {
  /** Epoch ms */
  until: number;
}

export interface Wait extends Ordered {
  stream: string;
  /** Epoch ms at which its time is over. */
  until: number;
  /** What it ended with; null: its time was over. Absent: it has not ended. */
  value?: Occurrence | null;
}

interface Answered extends Ordered {
  answer: Answer<JsonObject>;
}

/** The time, a random number or an id, as `run` got it first. */
export interface Drawn<Value extends number | string = number | string> extends Ordered {
  value: Value;
}

/** A page of a result that is too large for the header. */
interface PageOfResult extends Ordered {
  /** Number of the first page of the same text. */
  first: number;
  page: number;
}

export type Remembered = RememberedStep | Sleep | Wait | Answered | Drawn | PageOfResult;

const place = () => z.number().optional();

export const rememberedStep = record<RememberedStep>('step of a task', () =>
  z.union([
    z.object({ value: z.custom<Json>(), page: z.number().optional(), place: place() }),
    z.object({
      failures: z.number(),
      error: z.object({ code: z.enum(ERROR_CODES), message: z.string() }),
      final: z.boolean(),
      againAt: z.number().optional(),
      failedAt: z.number().optional(),
      place: place(),
    }),
  ]),
);

export const rememberedSleep = record<Sleep>('sleep of a task', () => z.object({ until: z.number(), place: place() }));

export const rememberedWait = record<Wait>('wait of a task', () =>
  z.object({ stream: z.string(), until: z.number(), value: occurrence().nullable().optional(), place: place() }),
);

export const rememberedAnswer = record<Answered>('answer to a task', () =>
  z.object({
    answer: z.discriminatedUnion('action', [
      z.object({ action: z.literal('accept'), content: z.record(z.string(), z.custom<Json>()) }),
      z.object({ action: z.enum(['decline', 'cancel']) }),
    ]),
    place: place(),
  }),
);

export const drawnNumber = record<Drawn<number>>('drawn number of a task', () =>
  z.object({ value: z.number(), place: place() }),
);

export const drawnText = record<Drawn<string>>('drawn text of a task', () =>
  z.object({ value: z.string(), place: place() }),
);

export const rememberedPage = record<PageOfResult>('page of the result of a task', () =>
  z.object({ first: z.number(), page: z.number(), place: place() }),
);

/** What ids of waits begin with. */
export const WAIT = 'wait ';
/** What ids of steps begin with. */
export const STEP = 'step ';
/** What ids of the pages of a result begin with. */
export const RESULT_PAGE = 'result page';

/** The codec of what is remembered under an id. */
export function rememberedKind(id: string): RecordType<Remembered> {
  if (id.startsWith(STEP)) return rememberedStep;
  if (id.startsWith(WAIT)) return rememberedWait;
  if (id.startsWith('ask ')) return rememberedAnswer;
  if (id.startsWith(RESULT_PAGE)) return rememberedPage;
  if (/^sleep\b/.test(id)) return rememberedSleep;
  return /^uuid\b/.test(id) ? drawnText : drawnNumber;
}
