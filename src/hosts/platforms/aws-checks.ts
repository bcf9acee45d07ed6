/**
 * What of an app and its variables Lambda does not take, worked out from the declaration: for the construct, which refuses it, and for
 * `doctor`, which tells it beforehand. Pure.
 */
import { isLoopback } from '../../base/config/origins.ts';
import type { App } from '../../declare/app.ts';
import { type AppNeeds, appNeeds } from './app-needs.ts';
import type { PlatformFinding } from './finding.ts';

/** Which setting or part of the app, what was expected, and what to do. */
export interface Mistake {
  field: string;
  expected: string;
  hint: string;
}

/** How long a request may take where nothing else is said, s. */
export const REQUEST_SECONDS = 30;
/** After how long an HTTP API of API Gateway gives up, s. */
export const API_SECONDS = 29;

/** Lambda sets these itself and refuses a function that has one of them. */
const RESERVED =
  /^(_HANDLER|_X_AMZN_TRACE_ID|AWS_DEFAULT_REGION|AWS_REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_\w+|AWS_ACCESS_KEY(_ID)?|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|LAMBDA_TASK_ROOT|LAMBDA_RUNTIME_DIR)$/;
/** The stack says them by what it makes. */
const MADE = ['DYNAMODB_TABLE', 'TASKS_QUEUE_URL', 'TIDEGATE_FEED', 'TIDEGATE_STAGE'];
/** Of all variables of a function, names and values, bytes. */
const MOST_BYTES = 4_096;
/** What the variables take that the stack adds, and those whose values are not known here, about. */
const ADDED_BYTES = 700;

export function environmentMistakes(environment: Readonly<Record<string, string>>): Mistake[] {
  const mistakes: Mistake[] = [];
  const { STORE } = environment;
  if (STORE !== undefined && STORE !== 'dynamodb') {
    const expected = 'not to be set: the functions keep their data in the table that this makes';
    const hint = `leave it out; what is kept by ${STORE} would be gone, or be another's, with each new instance`;
    mistakes.push({ field: 'environment.STORE', expected, hint });
  }
  for (const name of Object.keys(environment)) {
    const field = `environment.${name}`;
    if (RESERVED.test(name)) {
      mistakes.push({
        field,
        expected: 'another name, because Lambda sets this one itself',
        hint: 'leave it out: the functions run in the region and by the role of the stack',
      });
    } else if (MADE.includes(name)) {
      mistakes.push({ field, expected: 'not to be set, because this sets it', hint: 'leave it out' });
    } else if (!/^[A-Za-z]\w+$/.test(name)) {
      mistakes.push({ field, expected: 'letters, digits and _, a letter first, two at least', hint: 'rename it' });
    }
  }
  const bytes = Object.entries(environment).reduce((sum, [name, value]) => sum + Buffer.byteLength(name + value), 0);
  if (bytes > MOST_BYTES - ADDED_BYTES) {
    mistakes.push({
      field: 'environment',
      expected: `at most ${MOST_BYTES - ADDED_BYTES} bytes of names and values, because Lambda takes 4 KB; found ${bytes}`,
      hint: 'put what is long into the app, or into a secret that it declares',
    });
  }
  return mistakes;
}

/** Time that a request needs beside what a tool waits for, ms: an answer is begun 1.5 s before the function ends. */
const BESIDE_MS = 2_000;
const MOST_REQUEST_SECONDS = 900;

/** Tools that may wait longer than a request. */
export function timeMistakes(app: App, requestSeconds: number): Mistake[] {
  return appNeeds(app)
    .slowTools.filter(({ timeoutMs }) => timeoutMs > requestSeconds * 1_000 - BESIDE_MS)
    .map(({ tool, timeoutMs }) => {
      const needed = Math.ceil((timeoutMs + BESIDE_MS) / 1_000);
      const raise = `set requestSeconds to ${needed}, which the HTTP API has not: it ends after ${API_SECONDS} s; or`;
      return {
        field: `tools.${tool}.timeoutMs`,
        expected: `at most ${requestSeconds * 1_000 - BESIDE_MS} ms, because a request may take ${requestSeconds} s here`,
        hint: `${needed <= MOST_REQUEST_SECONDS ? `${raise} ` : ''}lower it, or make the tool a task`,
      };
    });
}

/** Feeds whose address means the function itself: advice alone, because an extension of Lambda may listen there. */
export function loopbackFeeds({ sources }: Pick<AppNeeds, 'sources'>): PlatformFinding[] {
  return sources
    .filter(({ source }) => isLoopback(URL.parse(source)?.hostname ?? ''))
    .map(({ feed, source }) => ({
      level: 'advice',
      field: `feeds.${feed}`,
      message: `${source} is a loopback address, which is the function itself`,
      fix: 'a public address, or one that the network of the functions reaches',
    }));
}
