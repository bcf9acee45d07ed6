/**
 * What is wrong with an API's answer, and the words in which the model reads it. Pure. Texts from outside are cut, and
 * put on one line.
 */
import type { HttpAnswer } from '../declare/http-api.ts';
import { readPath } from '../base/json-path.ts';
import { retryAfterMs } from '../net/retry-after.ts';
import { shortened } from '../base/text.ts';
import type { ToolSecrets } from './secrets.ts';
import type { Settings } from './settings.ts';
import { oneLine } from '../base/plain.ts';

export interface ApiFailure {
  /** Null: there was no answer. */
  status: number | null;
  /** What the API said about it. Null: nothing. */
  message: string | null;
  /** The pause that the API asked for. Null: it asked for none. */
  retryAfterMs: number | null;
}

/** A call without an answer. */
export interface Failed {
  ok: false;
  text: string;
  /** Another call may succeed in a while, and an older answer may take its place meanwhile. */
  passing: boolean;
}

const MESSAGE_CHARACTERS = 500;
/** Paths in a body at which APIs usually say what is wrong. */
const USUAL = [
  'message',
  'error.message',
  'error',
  'detail',
  'error_description',
  'errors.0.message',
  'errors.0',
  'title',
];
/** Statuses of failures that pass, and that are not due to the request. */
const PASSING = new Set([429, 500, 502, 503, 504]);

/** Null: the answer is not an error. */
export function apiFailureOf(answer: HttpAnswer, errors: Settings['errors'], now: number): ApiFailure | null {
  const declared = typeof errors === 'function' ? errors(answer) : null;
  const isOk = answer.status >= 200 && answer.status < 300;
  if (isOk && declared === null) return null;
  const { message, status } =
    typeof declared === 'object' ? { status: undefined, ...declared } : { message: declared, status: undefined };
  const read = typeof errors === 'string' ? [errors, ...USUAL] : USUAL;
  const found = message ?? read.map((path) => readPath(answer.body, path)).find(isTelling) ?? plainText(answer.body);
  return {
    // An error in the body of a 200 has no status of its own.
    status: status ?? (isOk ? null : answer.status),
    message: found === null ? null : bounded(found),
    retryAfterMs: retryAfterMs(answer.headers.get('retry-after'), now),
  };
}

/** A text body says what is wrong, unless it is an HTML page. */
function plainText(body: unknown): string | null {
  return isTelling(body) && !body.trimStart().startsWith('<') ? body : null;
}

function isTelling(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

function bounded(text: string): string {
  return shortened(oneLine(text.replace(/\s+/gu, ' ').trim()), MESSAGE_CHARACTERS);
}

export function failedCall(
  { status, message }: ApiFailure,
  tries: number,
  settings: Settings,
  secrets: ToolSecrets,
): Failed {
  const { label } = settings;
  const said = message === null ? '' : `: ${message}`;
  const refused = status === 401 || status === 403;
  const text = refused
    ? `${label} refused the credentials of this server (${status})${said}\n${whoCanHelp(secrets)}`
    : `${label} answered ${status === null ? 'with an error' : status}${tries > 1 ? ` after ${tries} tries` : ''}${said}`;
  return { ok: false, text: secrets.redact(text), passing: status !== null && PASSING.has(status) };
}

function whoCanHelp({ names }: ToolSecrets): string {
  return names.length === 0
    ? 'The arguments are not the reason.'
    : `The arguments are not the reason; who runs the server may look at ${names.join(', ')}.`;
}

/** @param asked the reason: the API asked for a pause, or the app's own limit is reached */
export function limited(settings: Settings, waitMs: number, asked: string): Failed {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
  return {
    ok: false,
    passing: true,
    text: `${settings.label} cannot be asked now: ${asked}. Try again in ${seconds} s.`,
  };
}

/** A call that costs more than a whole window allows, so that waiting does not help. */
export function tooMuch({ label }: Settings, cost: number, limit: string): Failed {
  return {
    ok: false,
    passing: false,
    text: `This call counts as ${cost} requests to ${label}, and ${limit}: ask for less.`,
  };
}

export function unexpected(settings: Settings, what: string, secrets: ToolSecrets): Failed {
  return {
    ok: false,
    passing: false,
    text: secrets.redact(`${settings.label} answered something else than this tool expects: ${oneLine(what)}`),
  };
}
