/**
 * The environment variables, read once by a host and validated whole. Every mistake is named with its variable. Nothing
 * else in the code reads the environment; the variables of a store are those that its driver names.
 */
import * as z from 'zod';
import { TidegateError } from '../errors.ts';
import { AUTH_VARIABLES, type AuthConfig, authOf } from './auth.ts';
import { problemsOfBindings, TEXT_HINT, textsIn } from './bindings.ts';
import { BOUND_VARIABLES, boundsOf, type ProcessBounds } from './bounds.ts';
import { isPlainIpv6, ORIGIN_EXPECTED, readOrigin } from './origins.ts';
import { type AddressRange, PROXIES_EXPECTED, readProxies } from './proxies.ts';
import { knownName, type MisspeltVariable, misspeltText, misspeltVariables, nearestName } from '../known-names.ts';
import type { LogLevel } from '../runtime.ts';
import type { Secrets } from '../seal.ts';

export interface Config {
  port: number;
  host: string;
  /** The base of the URLs that the server gives to others. Null: it uses the base of each request's URL. */
  publicUrl: string | null;
  /** Origins of pages that may send beside the server's own, as `readOrigin` answers them. */
  allowedOrigins: readonly string[];
  /** How long an idle connection is kept, ms. Node only. */
  keepAliveMs: number;
  /** How long an end that is announced waits for what is under way, ms. Node only. */
  shutdownMs: number;
  /** Proxies whose `X-Forwarded-For` is believed. Node only. */
  trustedProxies: readonly AddressRange[];
  /** Node only. */
  bounds: ProcessBounds;
  /** The chosen driver's name, and the checked values of its variables. */
  store: { name: string; values: Record<string, unknown> };
  mqttUrl: string | null;
  /** How many requests to the store feeds may make in a day (UTC). Null: as many as they need. Workers and Lambda only. */
  feedRequestsPerDay: number | null;
  /** The queue of SQS through which others are woken. Null: the schedule finds what is due. Lambda only. */
  tasksQueueUrl: string | null;
  /** How callers are known. */
  auth: AuthConfig;
  /** The secrets for sealing. Null: none is set, and a host may use one of its own. */
  secrets: Secrets | null;
  logLevel: LogLevel;
  /** Whether the built-in app has the streams of this machine and of the simulated plant. Node only. */
  demo: boolean;
  /** Reads a variable of the app's own, such as a secret that a tool sends. Null where it is not set, or empty. */
  variable: (name: string) => string | null;
  /** Variables that are set and were probably meant to be others. @param own names of the app's own variables */
  misspelt: (own: readonly string[]) => MisspeltVariable[];
}

/** The members of a store's driver that are read here; `store/driver.ts` says what each means. */
interface VariablesOfDriver {
  name: string;
  variables: z.ZodRawShape;
  problems?(values: Record<string, unknown>): EnvironmentProblem[];
}

interface EnvironmentProblem {
  field: string;
  expected: string;
}

/** The stores that a host offers. */
export interface StoreChoice {
  drivers: readonly VariablesOfDriver[];
  /** The driver that is used where `STORE` is not set. Each host has its own. */
  standard: string;
  /** The hint of the error where `STORE` names none of the drivers. */
  hint?: string;
}

/**
 * The check of a variable that holds a URL of one of these protocols, each given with its colon. Where it is asked or shown over
 * HTTP, a user or a password in it would be refused there, or be shown.
 */
export function urlVariable(protocols: readonly string[]): z.ZodType<string> {
  const isUrl = (text: string) => {
    const url = URL.parse(text);
    if (url === null || !protocols.includes(url.protocol) || url.hostname === '') return false;
    return !url.protocol.startsWith('http') || `${url.username}${url.password}` === '';
  };
  const begins = protocols.map((protocol) => `${protocol}//`).join(' or ');
  const alone = protocols.includes('https:') ? ', without a user or a password' : '';
  return z.string().refine(isUrl, { error: `expected a URL that begins with ${begins} and names a host${alone}` });
}

const secret = z.string().min(32, 'expected at least 32 characters, made at random');

const FIRST = {
  PORT: z
    .string()
    .refine((text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535, 'expected a port number from 0 to 65535')
    .default('8787'),
  HOST: z
    .string()
    .refine(
      isHost,
      'expected an address or name of this machine, such as 127.0.0.1 or 0.0.0.0; the port goes into PORT',
    )
    .default('127.0.0.1'),
  PUBLIC_URL: urlVariable(['https:', 'http:']).optional(),
  ALLOWED_ORIGINS: z
    .string()
    .refine((text) => listIn(text).every((origin) => readOrigin(origin) !== null), `expected ${ORIGIN_EXPECTED}`)
    .default(''),
  KEEP_ALIVE_SECONDS: z
    .string()
    .refine((text) => /^\d{1,5}$/.test(text) && Number(text) >= 1, 'expected whole seconds from 1 to 99999')
    .default('65'),
  SHUTDOWN_MS: z
    .string()
    .refine((text) => /^\d{1,6}$/.test(text), 'expected whole milliseconds from 0 to 999999')
    .default('10000'),
  TRUSTED_PROXIES: z
    .string()
    .refine((text) => listIn(text).every((one) => readProxies(one) !== null), `expected ${PROXIES_EXPECTED}`)
    .default(''),
  ...BOUND_VARIABLES,
};

function listIn(text: string): string[] {
  return text.split(',').flatMap((one) => one.trim() || []);
}

const LAST = {
  FEED_REQUESTS_PER_DAY: z
    .string()
    .refine((text) => /^[1-9]\d{0,11}$/.test(text), 'expected a whole number of requests, one at least')
    .optional(),
  MQTT_URL: urlVariable(['mqtt:', 'mqtts:', 'ws:', 'wss:']).optional(),
  TASKS_QUEUE_URL: urlVariable(['https:', 'http:']).optional(),
  ...AUTH_VARIABLES,
  TIDEGATE_SECRET: secret.optional(),
  TIDEGATE_SECRET_PREVIOUS: secret.optional(),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error'], { error: 'expected debug, info, warn or error' })
    .default('info'),
  LOG_REQUESTS: z.enum(['failed', 'all'], { error: 'expected failed or all' }).default('failed'),
  METRICS_TOKEN: secret.optional(),
  DEMO: z.enum(['on', 'off'], { error: 'expected on or off' }).default('on'),
};

/** An IPv6 address has colons; nothing else that names a host has a colon, a slash or a space. */
function isHost(text: string): boolean {
  return /^[^\s/:[\]]+$/.test(text) || isPlainIpv6(text.replace(/%\w+$/, ''));
}

type Own = z.output<z.ZodObject<typeof FIRST & typeof LAST>> & { STORE: string };

/**
 * @param environment a platform may bind other things than texts: they are for others, or a mistake where their name is known
 * @throws TidegateError `invalid_config`. Its `field` is the first wrong variable, and its message names all of them. It
 * shows no values, since they may be secrets.
 */
export function readEnvironment(
  environment: Record<string, unknown>,
  { drivers, standard, hint }: StoreChoice,
): Config {
  const set = textsIn(environment);
  const names = drivers.map(({ name }) => name);
  const isStore = {
    error: ({ input }: { input?: unknown }) => `expected ${knownName(String(input), names, 'stores')}`,
  };
  const store = { STORE: z.enum(names, isStore).default(standard) };
  const Environment = z.object({ ...FIRST, ...store, ...variablesOf(drivers), ...LAST });
  const known = new Set(Object.keys(Environment.shape));
  const misspelt = (own: readonly string[]) => misspeltVariables(Object.keys(set), [...known, ...own]);
  const bound = problemsOfBindings(environment, known);
  if (bound.length > 0) throw configError(bound, misspelt([]), TEXT_HINT);
  const parsed = Environment.safeParse(set, { jitless: true });
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), expected: message }));
    throw configError(problems, misspelt([]), problems.some(({ field }) => field === 'STORE') ? hint : undefined);
  }
  const env = parsed.data as Own & Record<string, unknown>;
  const driver = drivers.find(({ name }) => name === env.STORE);
  const values = Object.fromEntries(Object.keys(driver?.variables ?? {}).map((name) => [name, env[name]]));
  const unread = Object.keys(set).filter((name) => !known.has(name));
  const problems = driver === undefined ? [] : problemsOf(driver, values, unread);
  if (env.TIDEGATE_SECRET_PREVIOUS && !env.TIDEGATE_SECRET) {
    const expected = 'expected to be set, because TIDEGATE_SECRET_PREVIOUS is';
    problems.push({ field: 'TIDEGATE_SECRET', expected });
  }
  if (problems.length > 0) throw configError(problems, misspelt([]));
  return {
    port: Number(env.PORT),
    host: env.HOST,
    publicUrl: env.PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    allowedOrigins: listIn(env.ALLOWED_ORIGINS).flatMap((origin) => readOrigin(origin) ?? []),
    keepAliveMs: Number(env.KEEP_ALIVE_SECONDS) * 1_000,
    shutdownMs: Number(env.SHUTDOWN_MS),
    trustedProxies: listIn(env.TRUSTED_PROXIES).flatMap((one) => readProxies(one) ?? []),
    bounds: boundsOf(env),
    store: { name: env.STORE, values },
    mqttUrl: env.MQTT_URL ?? null,
    feedRequestsPerDay: env.FEED_REQUESTS_PER_DAY ? Number(env.FEED_REQUESTS_PER_DAY) : null,
    tasksQueueUrl: env.TASKS_QUEUE_URL ?? null,
    secrets: env.TIDEGATE_SECRET
      ? { current: env.TIDEGATE_SECRET, previous: env.TIDEGATE_SECRET_PREVIOUS ?? null }
      : null,
    auth: authOf(env, misspelt([]).map(misspeltText)),
    logLevel: env.LOG_LEVEL,
    demo: env.DEMO === 'on',
    variable: (name) => (Object.hasOwn(set, name) ? (set[name] ?? null) : null),
    misspelt,
  };
}

/**
 * The variables of all drivers, each optional: whatever is set is checked. `problemsOf` finds what the chosen driver
 * misses.
 */
function variablesOf(drivers: readonly VariablesOfDriver[]): z.ZodRawShape {
  const all = drivers.flatMap(({ variables }) => Object.entries(variables));
  return Object.fromEntries(all.map(([name, check]) => [name, z.optional(check)]));
}

/** @param unread names that are set and that nothing reads */
function problemsOf(
  driver: VariablesOfDriver,
  values: Record<string, unknown>,
  unread: readonly string[],
): EnvironmentProblem[] {
  const missing = Object.entries(driver.variables)
    .filter(([name, check]) => values[name] === undefined && !z.safeParse(check, undefined).success)
    .map(([name]) => name);
  const problems = missing.map((field) => {
    // The start fails anyhow, so a name that is further away is worth telling too, of the variable that it is nearest to.
    const near = nearestName(field, unread);
    const isMeant = near !== null && nearestName(near, missing) === field;
    const meant = isMeant ? `; ${misspeltText({ name: near, meant: field })}` : '';
    return { field, expected: `expected to be set, because STORE is ${driver.name}${meant}` };
  });
  return [...problems, ...(driver.problems?.(values) ?? [])];
}

function configError(
  problems: readonly EnvironmentProblem[],
  misspelt: readonly MisspeltVariable[],
  hint?: string,
): TidegateError {
  const lines = problems.map(({ field, expected }) => `  ${field}: ${expected}`);
  const others = misspelt.map(misspeltText).filter((text) => !lines.some((line) => line.endsWith(text)));
  lines.push(...others.map((text) => `  ${text}`));
  return new TidegateError(
    'invalid_config',
    `the environment has ${problems.length} mistake(s):\n${lines.join('\n')}`,
    {
      field: problems[0]?.field,
      expected: problems[0]?.expected,
      ...(hint === undefined ? {} : { hint }),
    },
  );
}
