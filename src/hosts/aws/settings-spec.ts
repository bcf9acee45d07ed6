/** The settings judged: their defaults and bounds, and how a command line writes them (`cdk -c name=value`). Pure. */
import { REQUEST_SECONDS } from '../platforms/aws-checks.ts';
import * as z from 'zod';
import { invalidConfig } from '../../base/errors.ts';
import { knownName } from '../../base/known-names.ts';
import { bounded, choice, judged, pattern, whole } from '../../declare/spec/options.ts';
import { STAGE, STAGE_EXPECTED } from '../platforms/aws-names.ts';
import { LOG_DAYS, type LogDays, type TidegateSettings } from './settings.ts';

const texts = (error: string) => z.record(z.string(), z.string({ error }), { error });
const TAG = /^(?!aws:)[\p{L}\p{N}\s_.:/=+\-@]{1,128}$/iu;
const VARIABLES = 'texts by the name of their variable';
const TAGS = 'texts by name; a name has 1 to 128 letters, digits and _.:/=+-@, and does not begin with aws:';
const ARN = 'the ARN of a topic, such as arn:aws:sns:eu-central-1:123456789012:pager';

export const settingsSpec = z.strictObject({
  auth: choice('none', 'keys', 'oauth', 'keys,oauth', 'own').optional(),
  access: choice('open', 'iam').default('open'),
  stage: bounded(pattern(STAGE, STAGE_EXPECTED), '1 to 20 of a-z, 0-9, -').optional(),
  data: choice('keep', 'delete').default('keep'),
  environment: texts(VARIABLES).default({}),
  tags: texts(TAGS)
    .refine((tags) => Object.keys(tags).every((name) => TAG.test(name)), { error: TAGS })
    .default({}),
  optionalSecrets: z.array(z.string(), { error: 'names of variables' }).readonly().default([]),
  secretsRevision: whole(1, 1_000_000).default(1),
  secret: whole(1, 1_000_000).default(1),
  requestSeconds: whole(10, 900, { unit: 's' }).default(REQUEST_SECONDS),
  memoryMb: whole(256, 10_240, { unit: 'MiB' }).default(512),
  concurrency: whole(1, 100_000).optional(),
  feedLagMinutes: judged<number>('minutes, more than 0', (value) => typeof value === 'number' && value > 0).default(60),
  alarmTopicArn: pattern(/^arn:[\w-]+:sns:/, ARN).optional(),
  dashboard: z.boolean({ error: 'true or false' }).default(true),
  encryption: choice('owned', 'managed').default('owned'),
  maxReadUnits: whole(1, 1_000_000_000).optional(),
  maxWriteUnits: whole(1, 1_000_000_000).optional(),
  logDays: bounded(
    judged<LogDays>(`one of ${LOG_DAYS.join(', ')}`, (value) => LOG_DAYS.some((days) => days === value)),
    LOG_DAYS.join(', '),
    'days',
  ).default(30),
} satisfies Record<keyof TidegateSettings, z.ZodType>);

export type AwsSettings = z.output<typeof settingsSpec>;

const NAMES = Object.keys(settingsSpec.shape);
/** What a program says beside the settings. */
const OTHERS = ['app', 'appFile', 'hostFile', 'code', 'bundle', 'sources'];

/**
 * The settings among the members of `props`, with their defaults.
 * @throws TidegateError `invalid_config` naming the first that is wrong, or unknown
 */
export function readSettings(props: object): AwsSettings {
  const given = Object.entries(props).filter(([name, value]) => !OTHERS.includes(name) && value !== undefined);
  const stray = given.find(([name]) => !NAMES.includes(name));
  if (stray !== undefined) throw invalidConfig(stray[0], knownName(stray[0], [...OTHERS, ...NAMES], 'settings'));
  const read = settingsSpec.safeParse(Object.fromEntries(given));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const [name = '', part] = issue?.path ?? [];
  throw invalidConfig([name, part].filter((one) => one !== undefined).join('.'), issue?.message ?? 'something else');
}

const NUMBERS: ReadonlySet<string> = new Set([
  'secretsRevision',
  'secret',
  'requestSeconds',
  'memoryMb',
  'concurrency',
  'feedLagMinutes',
  'maxReadUnits',
  'maxWriteUnits',
  'logDays',
] satisfies (keyof TidegateSettings)[]);

/**
 * The settings that a command line gives, as values: `-c concurrency=20`, `-c optionalSecrets=A,B`, `-c environment='{"A":"b"}'`.
 * @param read answers what stands under a name of CDK's context; undefined: nothing
 * @throws TidegateError `invalid_config` for JSON that is none
 */
export function settingsOfContext(read: (name: string) => unknown): Partial<Record<string, unknown>> {
  const found = NAMES.map((name) => [name, read(name)] as const).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    found.map(([name, value]) => [name, typeof value === 'string' ? valueOf(name, value) : value]),
  );
}

function valueOf(name: string, text: string): unknown {
  if (name === 'optionalSecrets') return text.split(',').flatMap((one) => one.trim() || []);
  if (name === 'dashboard') return text === 'true' ? true : text === 'false' ? false : text;
  if (NUMBERS.has(name)) return text.trim() === '' ? text : Number(text);
  if (name !== 'environment' && name !== 'tags') return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalidConfig(name, `a JSON object, such as {"LOG_LEVEL":"debug"}`);
  }
}
