/**
 * Environment variables, read once by an entry and validated whole. Every mistake is named with its variable; nothing
 * else in the code reads the environment.
 */
import * as z from 'zod';
import { TidegateError } from './errors.ts';
import type { LogLevel } from './runtime.ts';
import type { Secrets } from './seal.ts';

const STORES = ['memory', 'sqlite', 'redis', 'dynamodb'] as const;
export type StoreName = (typeof STORES)[number];

export interface DynamodbConfig {
  table: string;
  /** Null: AWS's own endpoint. */
  endpoint: string | null;
  /** Null, as the credentials: what AWS's client finds by itself, which it does on Node and Lambda only. */
  region: string | null;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | null;
}

export interface Config {
  port: number;
  host: string;
  /** Base of the URLs that the server names to others; null: that of the request. */
  publicUrl: string | null;
  store: StoreName;
  /** Null: a file of the app's own, see `sqliteFile`. */
  sqlitePath: string | null;
  redis: { url: string; token: string } | null;
  dynamodb: DynamodbConfig | null;
  mqttUrl: string | null;
  /** What sealing goes by; null: what the entry has, or nothing. */
  secrets: Secrets | null;
  logLevel: LogLevel;
  /** Whether the built-in app gets the streams of this machine and of the simulated plant on Node. */
  demo: boolean;
  /** A variable of the app's own, such as the secrets that its tools send; null where it is not set, or empty. */
  variable: (name: string) => string | null;
}

const url = (protocols: readonly string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `expected a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });

const secret = z.string().min(32, 'expected at least 32 characters, made at random');

const Environment = z.object({
  PORT: z
    .string()
    .refine((text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535, 'expected a port number from 0 to 65535')
    .default('8787'),
  HOST: z.string().min(1).default('127.0.0.1'),
  PUBLIC_URL: url(['https:', 'http:']).optional(),
  STORE: z.enum(STORES, { error: `expected one of ${STORES.join(', ')}` }).optional(),
  SQLITE_PATH: z.string().min(1).optional(),
  UPSTASH_REDIS_REST_URL: url(['https:', 'http:']).optional(),
  UPSTASH_REDIS_REST_TOKEN: z.string().min(1).optional(),
  DYNAMODB_TABLE: z
    .string()
    .regex(/^[\w.-]{3,255}$/, "expected a table's name: 3 to 255 letters, digits, dots, hyphens and underscores")
    .optional(),
  AWS_ENDPOINT_URL_DYNAMODB: url(['https:', 'http:']).optional(),
  AWS_REGION: z
    .string()
    .regex(/^[\w-]+$/, 'expected a region of AWS, e.g. eu-central-1')
    .optional(),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  AWS_SESSION_TOKEN: z.string().optional(),
  MQTT_URL: url(['mqtt:', 'mqtts:', 'ws:', 'wss:']).optional(),
  TIDEGATE_SECRET: secret.optional(),
  TIDEGATE_SECRET_PREVIOUS: secret.optional(),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error'], { error: 'expected debug, info, warn or error' })
    .default('info'),
  DEMO: z.enum(['on', 'off'], { error: 'expected on or off' }).default('on'),
});

/** What a store cannot do without. */
const NEEDED: Record<StoreName, readonly (keyof z.infer<typeof Environment>)[]> = {
  memory: [],
  sqlite: [],
  redis: ['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN'],
  dynamodb: ['DYNAMODB_TABLE'],
};

/**
 * @param defaultStore what `STORE` is where it is not set: each entry has its own.
 * @throws TidegateError `invalid_config`; `field` is the first wrong variable, the message names all. Values are not
 * shown, since they may be secrets.
 */
export function readConfig(environment: Record<string, string | undefined>, defaultStore: StoreName): Config {
  const set = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = Environment.safeParse(set, { jitless: true });
  if (!parsed.success) {
    throw configError(parsed.error.issues.map((issue) => ({ field: issue.path.join('.'), expected: issue.message })));
  }
  const env = parsed.data;
  const store = env.STORE ?? defaultStore;
  const missing = NEEDED[store]
    .filter((name) => !env[name])
    .map((field) => ({ field: field as string, expected: `expected to be set, because STORE is ${store}` }));
  if (store === 'dynamodb') missing.push(...halfOfCredentials(env));
  if (env.TIDEGATE_SECRET_PREVIOUS && !env.TIDEGATE_SECRET) {
    const expected = 'expected to be set, because TIDEGATE_SECRET_PREVIOUS is';
    missing.push({ field: 'TIDEGATE_SECRET', expected });
  }
  if (missing.length > 0) throw configError(missing);
  return {
    port: Number(env.PORT),
    host: env.HOST,
    publicUrl: env.PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    store,
    sqlitePath: env.SQLITE_PATH ?? null,
    redis:
      env.UPSTASH_REDIS_REST_URL && env.UPSTASH_REDIS_REST_TOKEN
        ? { url: env.UPSTASH_REDIS_REST_URL, token: env.UPSTASH_REDIS_REST_TOKEN }
        : null,
    dynamodb: dynamodbConfig(env),
    mqttUrl: env.MQTT_URL ?? null,
    secrets: env.TIDEGATE_SECRET
      ? { current: env.TIDEGATE_SECRET, previous: env.TIDEGATE_SECRET_PREVIOUS ?? null }
      : null,
    logLevel: env.LOG_LEVEL,
    demo: env.DEMO === 'on',
    variable: (name) => (Object.hasOwn(set, name) ? (set[name] ?? null) : null),
  };
}

/** One without the other would leave AWS's client to find credentials that nobody meant. */
function halfOfCredentials(env: z.infer<typeof Environment>): { field: string; expected: string }[] {
  const pair = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;
  const [unset, ...others] = pair.filter((name) => !env[name]);
  if (unset === undefined || others.length > 0) return [];
  const set = pair.find((name) => name !== unset);
  return [{ field: unset, expected: `expected to be set, because ${set} is` }];
}

function dynamodbConfig(env: z.infer<typeof Environment>): DynamodbConfig | null {
  if (env.DYNAMODB_TABLE === undefined) return null;
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  const session = env.AWS_SESSION_TOKEN ? { sessionToken: env.AWS_SESSION_TOKEN } : {};
  return {
    table: env.DYNAMODB_TABLE,
    endpoint: env.AWS_ENDPOINT_URL_DYNAMODB ?? null,
    region: env.AWS_REGION ?? null,
    credentials: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey, ...session } : null,
  };
}

/** The file of the sqlite store: each app has its own, so that two in one folder do not meet. */
export function sqliteFile({ sqlitePath }: Pick<Config, 'sqlitePath'>, app: string): string {
  return sqlitePath ?? `.tidegate/${app}.db`;
}

function configError(problems: { field: string; expected: string }[]): TidegateError {
  const lines = problems.map(({ field, expected }) => `  ${field}: ${expected}`);
  return new TidegateError(
    'invalid_config',
    `the environment has ${problems.length} mistake(s):\n${lines.join('\n')}`,
    {
      field: problems[0]?.field,
      expected: problems[0]?.expected,
    },
  );
}
