/**
 * The one reader of secrets: takes them from the environment, and redacts them in what is shown. Whoever declares secrets
 * hands them over with a word for itself, such as `the feed news`.
 */
import { TidegateError, invalidConfig } from '../../base/errors.ts';
import type { App } from '../app.ts';
import type { DeclaredFeed } from '../feed.ts';
import { type ReadSecret, type Secret, secretsWithin } from '../secret.ts';

/** A variable of the environment; null where it is not set. */
export type ReadVariable = (name: string) => string | null;

export interface OpenSecrets {
  /** Names of the variables. */
  names: readonly string[];
  /** The text that is sent. Null: the secret is optional and not set. */
  valueOf: ReadSecret;
  redact: (text: string) => string;
  /** Redacts a text that may quote only a part of what was said, so that a secret may be cut. */
  redactCut: (text: string) => string;
  /** The same value, with every text and name in it redacted. */
  redactDeep: (value: unknown) => unknown;
}

const SHOWN = '[secret]';
/** A shorter text would be found in unrelated words. */
const LEAST_REDACTED = 6;
/** Quotations are not longer. */
const MOST_PIECE = 200;

/**
 * @param owner who sends the secrets, for errors: `the tool quote`
 * @throws TidegateError `invalid_config` naming a variable that is not set, or that cannot be put into its form
 */
export function openSecrets(owner: string, declared: readonly Secret[], variable: ReadVariable): OpenSecrets {
  const values = new Map(declared.map((secret) => [secret, formed(owner, secret, variable)]));
  const hidden = declared.flatMap((secret) => {
    const sent = values.get(secret) ?? '';
    // `Basic` or `Bearer` stands before the secret itself, which may be shown without it.
    return [variable(secret.name) ?? '', sent, sent.replace(/^\S+\s+/, '')];
  });
  const forms = hidden.flatMap((text) => [
    text,
    encodeURIComponent(text),
    pathForm(text),
    JSON.stringify(text).slice(1, -1),
  ]);
  // The longest first, because a shorter one may be part of it.
  const needles = [...new Set(forms)].filter(({ length }) => length >= LEAST_REDACTED);
  needles.sort((a, b) => b.length - a.length);

  const redact = (text: string) => needles.reduce((left, needle) => left.replaceAll(needle, SHOWN), text);
  // The beginning of a URL is the source, which is shown.
  const whole = needles.filter((needle) => !needle.includes('://'));
  const redactCut = (text: string) =>
    redact(text)
      .split(CUTS)
      .map((part) => withoutEnds(part, whole))
      .join('');
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
    redactCut,
    redactDeep: needles.length === 0 ? (value) => value : redactDeep,
  };
}

/** As the path of a URL shows it. */
function pathForm(text: string): string {
  const url = new URL('http://a/');
  url.pathname = `/${text}`;
  return url.pathname.slice(1);
}

/** Where a quotation begins and ends. The marks stay. */
const CUTS = /(["…])/;

/** A part of a text without a piece of a secret at its beginning or its end, where a quotation may have cut it. */
function withoutEnds(part: string, secrets: readonly string[]): string {
  let left = part;
  const isPiece = (text: string) => text.trim() === text && secrets.some((secret) => secret.includes(text));
  for (let length = Math.min(left.length, MOST_PIECE); length >= LEAST_REDACTED; length -= 1) {
    if (isPiece(left.slice(-length))) left = left.slice(0, -length) + SHOWN;
    if (isPiece(left.slice(0, length))) left = SHOWN + left.slice(length);
  }
  return left;
}

/** @throws TidegateError `invalid_config` as `openSecrets` does */
export function openFeedSecrets({ name, feed }: DeclaredFeed, variable: ReadVariable = () => null): OpenSecrets {
  return openSecrets(`the feed ${name}`, feed.secrets ?? [], variable);
}

/**
 * Looks for every variable that a secret of the app needs, so that a start names all that are missing, and not the first.
 * @throws TidegateError `invalid_config` naming each variable that is not set, and what declares it
 */
export function checkSecretsSet({ options }: Pick<App, 'options'>, variable: ReadVariable = () => null): void {
  const missing = new Map<string, string>();
  for (const [part, declared] of Object.entries(options)) {
    if (typeof declared !== 'object' || declared === null) continue;
    for (const [name, thing] of Object.entries(declared)) {
      for (const secret of secretsWithin(thing)) {
        if (secret.optional || missing.has(secret.name) || variable(secret.name) !== null) continue;
        missing.set(secret.name, `to be set, because ${part}.${name} declares it as a secret`);
      }
    }
  }
  const [first] = missing;
  if (first === undefined) return;
  const lines = [...missing].map(([name, expected]) => `  ${name}: expected ${expected}`);
  const message = `${missing.size} variable(s) of the app's own are not set:\n${lines.join('\n')}`;
  const hint =
    'set each where the server runs: NAME=value in .env of its folder, export NAME=value in its shell, wrangler secret put NAME (for wrangler dev in .dev.vars), or in the settings of the function';
  throw new TidegateError('invalid_config', message, { field: first[0], expected: first[1], hint });
}

function formed(owner: string, { name, form, optional }: Secret, variable: ReadVariable): string | null {
  const value = variable(name);
  if (value === null && optional) return null;
  if (value === null) {
    const expected = `to be set, because ${owner} sends it`;
    throw invalidConfig(name, expected);
  }
  try {
    return form === null ? value : form(value);
  } catch {
    // The error's own message may show the value.
    const expected = `a value of which ${owner} can make what it sends`;
    throw invalidConfig(name, expected);
  }
}

/** An error without secrets. Its cause, which may show them, is left out where there are any. */
export function redactedError(error: TidegateError, { names, redactCut: redact }: OpenSecrets): TidegateError {
  if (names.length === 0) return error;
  const { code, message, field, expected, hint, retryAfterMs } = error;
  return new TidegateError(code, redact(message), {
    ...(field === null ? {} : { field }),
    ...(expected === null ? {} : { expected: redact(expected) }),
    ...(hint === null ? {} : { hint: redact(hint) }),
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  });
}
