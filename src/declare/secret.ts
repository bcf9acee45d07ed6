/** A secret of the environment, by the name of its variable. Data alone: nothing here reads the environment. */
import * as z from 'zod';

/** A value from the environment, which is sent or compared, and never shown. */
export interface Secret {
  kind: 'secret';
  /** The environment variable. */
  name: string;
  form: ((value: string) => string) | null;
  /** Where it is not set, what it stands in is left out. */
  optional: boolean;
}

/**
 * A secret of the environment, for a header or the query: `secret('API_KEY', (key) => `Bearer ${key}`)`. The server does
 * not start without it, unless it is optional. In what an upstream answers, in errors and in the log `[secret]` stands in
 * its place, wherever it has 6 characters or more.
 * @param form what is sent, made of the variable's value; default: the value.
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

/** Also of what no type check has seen. */
export function isSecret(value: unknown): value is Secret {
  return secretShape.safeParse(value).success;
}
