/** Refuses before anything is made what AWS would refuse in the middle of a deployment, or the functions at a call. */
import { TidegateError } from '../../base/errors.ts';
import { knownName } from '../../base/known-names.ts';
import type { App } from '../../declare/app.ts';
import type { SourceKind } from '../../feeds/aws/feed.ts';
import { appNeeds } from '../platforms/app-needs.ts';
import { API_SECONDS } from './fronts.ts';
import type { Source } from './sources.ts';

/** A mistake of a deployment: which setting or part of the app, what was expected, and what to do. */
interface Mistake {
  field: string;
  expected: string;
  hint: string;
}

/** @throws TidegateError `invalid_config` that lists the mistakes, each with what to do about it */
export function checkDeployment(
  app: App,
  settings: {
    environment: Readonly<Record<string, string>>;
    sources: Readonly<Record<string, Source>>;
    requestSeconds: number;
  },
): void {
  const mistakes = [
    ...ofEnvironment(settings.environment),
    ...ofSources(app, settings.sources),
    ...ofTimes(app, settings.requestSeconds),
  ];
  const [first] = mistakes;
  if (first === undefined) return;
  const { field, expected, hint } = first;
  if (mistakes.length === 1) {
    throw new TidegateError('invalid_config', `${field}: expected ${expected}`, { field, expected, hint });
  }
  const lines = mistakes.map((one) => `  ${one.field}: expected ${one.expected}\n    ${one.hint}`);
  const message = `the deployment has ${mistakes.length} mistakes:\n${lines.join('\n')}`;
  throw new TidegateError('invalid_config', message, { field, expected });
}

/** Lambda sets these itself and refuses a function that has one of them. */
const RESERVED =
  /^(_HANDLER|_X_AMZN_TRACE_ID|AWS_DEFAULT_REGION|AWS_REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_\w+|AWS_ACCESS_KEY(_ID)?|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|LAMBDA_TASK_ROOT|LAMBDA_RUNTIME_DIR)$/;
/** The stack says them by what it makes. */
const MADE = ['DYNAMODB_TABLE', 'TASKS_QUEUE_URL', 'TIDEGATE_FEED', 'TIDEGATE_STAGE'];
/** Of all variables of a function, names and values, bytes. */
const MOST_BYTES = 4_096;
/** What the variables take that the stack adds, and those whose values are not known here, about. */
const ADDED_BYTES = 700;

function ofEnvironment(environment: Readonly<Record<string, string>>): Mistake[] {
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

/** The setting of a source by the kind of the feed that it hands records to, and an example of it. */
const SOURCE_OF: Readonly<Record<SourceKind, { setting: string; example: string }>> = {
  kinesis: { setting: 'kinesis', example: "'arn:aws:kinesis:…'" },
  sqs: { setting: 'sqs', example: "'arn:aws:sqs:…'" },
  iot: { setting: 'iot', example: '"SELECT * FROM \'plant/+/temperature\'"' },
  eventbridge: { setting: 'eventBridge', example: "{ source: ['shop'] }" },
};

function ofSources(app: App, sources: Readonly<Record<string, Source>>): Mistake[] {
  const { handed } = appNeeds(app);
  const names = handed.map(({ feed }) => feed);
  const missing = handed.filter(({ feed, kind }) => !(SOURCE_OF[kind].setting in (sources[feed] ?? {})));
  const stray = Object.keys(sources).filter((name) => !names.includes(name));
  return [
    ...missing.map(({ feed, kind }) => ({
      field: `sources.${feed}`,
      expected: `{ ${SOURCE_OF[kind].setting}: … }, because that feed is handed its records`,
      hint: `say where from: sources: { ${feed}: { ${SOURCE_OF[kind].setting}: ${SOURCE_OF[kind].example} } }`,
    })),
    ...stray.map((name) => ({
      field: `sources.${name}`,
      expected: knownName(name, names, 'feeds that are handed their records'),
      hint: 'declare it in the app, as a feed of kinesis(), sqs(), iot() or eventBridge(), or leave the source out',
    })),
  ];
}

/** Time that a request needs beside what a tool waits for, ms: an answer is begun 1.5 s before the function ends. */
const BESIDE_MS = 2_000;
const MOST_REQUEST_SECONDS = 900;

function ofTimes(app: App, requestSeconds: number): Mistake[] {
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
