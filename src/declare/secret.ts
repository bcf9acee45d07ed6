/**
 * A secret of the environment, by the name of its variable. This file holds data alone and does not read the
 * environment.
 */
import * as z from 'zod';

/** A value from the environment that is sent or compared, and never shown. */
export interface Secret {
  kind: 'secret';
  /** The environment variable. */
  name: string;
  form: ((value: string) => string) | null;
  /** True: where the variable is not set, the header or parameter that holds the secret is left out. */
  optional: boolean;
}

/**
 * Declares a secret of the environment, for a header or the query: `secret('API_KEY', (key) => `Bearer ${key}`)`. The
 * server does not start without the variable, unless the secret is optional. Where a secret of 6 characters or more
 * appears in an upstream's answer, an error or the log, `[secret]` replaces it.
 * @param form makes what is sent from the variable's value; default: the value.
 * @param options `optional`: where the variable is not set, the header or the parameter is left out; default false.
 */
export function secret(
  name: string,
  form: ((value: string) => string) | null = null,
  { optional = false }: { optional?: boolean } = {},
): Secret {
  return { kind: 'secret', name, form, optional };
}

const secretShape = z.strictObject({
  kind: z.literal('secret'),
  name: z.string().regex(/^[A-Za-z_]\w*$/),
  form: z.custom((value) => value === null || typeof value === 'function'),
  optional: z.boolean(),
});

/** Whether a value is a secret. It accepts any value, because an app may not have passed a type check. */
export function isSecret(value: unknown): value is Secret {
  return secretShape.safeParse(value).success;
}
