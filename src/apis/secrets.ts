/**
 * The secrets of an HTTP tool: finds them in its declaration, reads them from the environment, and redacts them in what
 * is shown.
 */
import type { Secret } from '../declare/secret.ts';
import type { HttpSpec } from '../declare/http-tool.ts';
import { TidegateError } from '../base/errors.ts';

/** A variable of the environment; null where it is not set. */
export type ReadVariable = (name: string) => string | null;

export interface ToolSecrets {
  /** Names of the variables. */
  names: readonly string[];
  /** The text that is sent. Null: the secret is optional and not set. */
  valueOf(secret: Secret): string | null;
  redact(text: string): string;
  /** The same value, with every text and name in it redacted. */
  redactDeep(value: unknown): unknown;
}

const SHOWN = '[secret]';
/** A shorter text would be found in unrelated words. */
const LEAST_REDACTED = 6;

export function secretsIn({ api, query, headers, guard }: HttpSpec): Secret[] {
  const values = [api?.headers, api?.query, query, headers, guard?.query].flatMap((part) =>
    typeof part === 'function' ? [] : Object.values(part ?? {}),
  );
  return values.filter((value): value is Secret => typeof value === 'object' && value.kind === 'secret');
}

/** @throws TidegateError `invalid_config` naming a variable that is not set, or that cannot be put into its form */
export function openSecrets(tool: string, declared: readonly Secret[], variable: ReadVariable): ToolSecrets {
  const values = new Map(declared.map((secret) => [secret, formed(tool, secret, variable)]));
  const hidden = declared.flatMap((secret) => {
    const sent = values.get(secret) ?? '';
    // `Basic` or `Bearer` stands before the secret itself, which may be shown without it.
    return [variable(secret.name) ?? '', sent, sent.replace(/^\S+\s+/, '')];
  });
  const forms = hidden.flatMap((text) => [text, encodeURIComponent(text), JSON.stringify(text).slice(1, -1)]);
  // The longest first, because a shorter one may be part of it.
  const needles = [...new Set(forms)].filter(({ length }) => length >= LEAST_REDACTED);
  needles.sort((a, b) => b.length - a.length);

  const redact = (text: string) => needles.reduce((left, needle) => left.replaceAll(needle, SHOWN), text);
  const redactDeep = (value: unknown): unknown => {
    if (typeof value === 'string') return redact(value);
    if (Array.isArray(value)) return value.map(redactDeep);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [redact(name), redactDeep(inner)]));
  };
  return {
    names: [...new Set(declared.map(({ name }) => name))],
    valueOf: (secret) => values.get(secret) ?? null,
    redact,
    redactDeep: needles.length === 0 ? (value) => value : redactDeep,
  };
}

function formed(tool: string, { name, form, optional }: Secret, variable: ReadVariable): string | null {
  const value = variable(name);
  if (value === null && optional) return null;
  if (value === null) {
    throw new TidegateError('invalid_config', `${name}: expected to be set, because the tool ${tool} sends it`, {
      field: name,
      expected: `to be set, because the tool ${tool} sends it`,
    });
  }
  try {
    return form === null ? value : form(value);
  } catch {
    // The error's own message may show the value.
    const expected = `a value of which the tool ${tool} can make what it sends`;
    throw new TidegateError('invalid_config', `${name}: expected ${expected}`, { field: name, expected });
  }
}
