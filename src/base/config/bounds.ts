/** The variables that bound what others can make a process hold. They count on Node only. */
import * as z from 'zod';

/** What others can make a process hold, at most. The defaults fit 512 MiB. */
export interface ProcessBounds {
  connections: number;
  /** How long a request may take to come, ms. */
  bodyMs: number;
  /** Of bodies that have not come whole, MiB. */
  bodiesMib: number;
  /** Of what requests read to work on, MiB of JSON. */
  workMib: number;
  /** Requests that wait for events at a time. */
  waits: number;
  /** Of answers that their readers have not taken, MiB. */
  answersMib: number;
  /** How long a reader may take nothing of its answer, ms. */
  answerMs: number;
}

function count(of: string, standard: number) {
  return z
    .string()
    .regex(/^[1-9]\d{0,5}$/, `expected a whole number of ${of} from 1 to 999999`)
    .transform(Number)
    .default(standard);
}

export const BOUND_VARIABLES = {
  CONNECTIONS: count('connections', 2_000),
  BODY_SECONDS: count('seconds', 30),
  BODIES_MIB: count('MiB', 32),
  WORK_MIB: count('MiB', 16),
  WAITS: count('requests', 1_000),
  ANSWERS_MIB: count('MiB', 32),
  ANSWER_SECONDS: count('seconds', 30),
};

export function boundsOf(env: z.output<z.ZodObject<typeof BOUND_VARIABLES>>): ProcessBounds {
  return {
    connections: env.CONNECTIONS,
    bodyMs: env.BODY_SECONDS * 1_000,
    bodiesMib: env.BODIES_MIB,
    workMib: env.WORK_MIB,
    waits: env.WAITS,
    answersMib: env.ANSWERS_MIB,
    answerMs: env.ANSWER_SECONDS * 1_000,
  };
}
