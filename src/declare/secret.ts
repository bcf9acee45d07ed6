/**
 * A secret of the environment, by the name of its variable: its declaration, and where it may stand. This file holds data
 * alone and does not read the environment: open-secrets.ts does.
 */
import * as z from 'zod';
import { TidegateError } from '../base/errors.ts';

/** A value from the environment that is sent or compared, and never shown. */
export interface Secret {
  kind: 'secret';
  /** The environment variable. */
  name: string;
  form: ((value: string) => string) | null;
  /** True: where the variable is not set, what holds the secret is left out. */
  optional: boolean;
}

/** A message with secrets in it. It is sent as JSON. */
export interface SecretObject {
  [name: string]: SecretValue;
}
type SecretValue = string | number | boolean | null | undefined | Secret | readonly SecretValue[] | SecretObject;

/**
 * Declares a secret of the environment, for whatever an option sends: `secret('API_KEY', (key) => `Bearer ${key}`)`. The
 * server does not start without the variable, unless the secret is optional. Where a secret of 6 characters or more
 * appears in an upstream's answer to a tool, an error or the log, `[secret]` replaces it.
 * @param form makes what is sent from the variable's value; default: the value.
 * @param options `optional`: where the variable is not set, what holds the secret is left out; default false.
 */
export function secret(
  name: string,
  form: ((value: string) => string) | null = null,
  { optional = false }: { optional?: boolean } = {},
): Secret {
  const declared: Secret = { kind: 'secret', name, form, optional };
  // Within a text it would be sent as `[object Object]`.
  return Object.defineProperty(declared, 'toString', { value: () => withinText(name) });
}

function withinText(name: string): never {
  // Another name may be the secret itself.
  const shown = /^[A-Z][A-Z\d_]*$/.test(name) ? name : 'NAME';
  const expected = `secret('${shown}', (value) => \`Bearer \${value}\`) in place of the whole text`;
  throw new TidegateError('invalid_config', `secret('${shown}') stands within a text: expected ${expected}`, {
    field: shown,
    expected,
  });
}

const NAME = /^[A-Za-z_]\w*$/;

/** What is wrong with the name of a secret, in words that follow `expected `; null for what is no secret, or a right one. */
export function secretExpected(value: unknown): string | null {
  const { kind, name } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Secret>;
  if (kind !== 'secret' || (typeof name === 'string' && NAME.test(name))) return null;
  // What stands there may be the secret itself.
  return 'the name of an environment variable in secret(…), such as API_KEY: letters, digits and _ alone, no digit first. Name it so, and set the secret under that name where the server runs';
}

const secretShape = z.strictObject({
  kind: z.literal('secret'),
  name: z.string().regex(NAME),
  form: z.custom((value) => value === null || typeof value === 'function'),
  optional: z.boolean(),
});

/** Whether a value is a secret. It accepts any value, because an app may not have passed a type check. */
export function isSecret(value: unknown): value is Secret {
  return secretShape.safeParse(value).success;
}

/** Whether a value is a secret that is always there. */
export function isSetSecret(value: unknown): value is Secret {
  return isSecret(value) && !value.optional;
}

/** The secrets in a value of the declaration, however deep in its objects and lists. */
export function secretsWithin(value: unknown): Secret[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('kind' in value && value.kind === 'secret') return isSecret(value) ? [value] : [];
  return isPlain(value) ? Object.values(value).flatMap(secretsWithin) : [];
}

const isPlain = (value: object) => Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;

/** What is sent for a secret; null where it is optional and not set. */
export type ReadSecret = (secret: Secret) => string | null;

/**
 * The same value with texts in place of secrets. What holds a secret that is not set is left out.
 * @typeParam Plain the type of the value where no secret stands
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it stands for a cast, made in one place
export function revealed<Plain>(value: unknown, read: ReadSecret): Plain {
  return reveal(value, read) as Plain;
}

function reveal(value: unknown, read: ReadSecret): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isSecret(value)) return read(value) ?? undefined;
  if (!isPlain(value)) return value;
  if (Array.isArray(value)) return value.map((part) => reveal(part, read)).filter((part) => part !== undefined);
  const entries = Object.entries(value).map(([name, part]): [string, unknown] => [name, reveal(part, read)]);
  return Object.fromEntries(entries.filter(([, part]) => part !== undefined));
}
